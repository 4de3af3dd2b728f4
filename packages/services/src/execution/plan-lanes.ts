import { recordFacts } from '@matic/db'
import type { NewFact, Transaction } from '@matic/db'
import type { Turns } from '@matic/exchange/port'
import { admitStep } from './admit-step.ts'
import { admit, writePutOff } from './admit.ts'
import { chooseNext } from './choose-next.ts'
import { claimWorkLanes } from './claim-lanes.ts'
import type { ClaimInput } from './claim-lanes.ts'
import type { ChosenOrder, Step } from './choose-next.ts'
import type { ExecutionContext } from './context.ts'
import { endOrders } from './end-orders.ts'
import { insertPositionOrders } from './insert-orders.ts'
import type { PositionOrder } from './insert-orders.ts'
import { holdLanes } from './lane.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder, LaneView } from './lane-view.ts'
import { loadLanes } from './load-lanes.ts'
import { missingProtection, stopRests } from './missing-protection.ts'
import type { EpochOrder } from './missing-protection.ts'
import { moveToBreakEven } from './move-to-break-even.ts'
import { KINDS } from './position-rows.ts'
import { noteProtections } from './protected.ts'
import { isBeingClosed } from './share-protection.ts'
import { ORDER_COLUMNS, positionCause } from './rows.ts'
import type { PositionRow } from './rows.ts'
import type { Ending } from './veto.ts'
import { writeAhead } from './write-ahead.ts'
import type { Send } from './write-ahead.ts'

/** What a lane does next. `lost`: it is not ours any more. `idle`: it was given back, nothing to do before `untilMs`. */
export type Plan =
  | { readonly kind: 'lost' }
  | { readonly kind: 'again' }
  | { readonly kind: 'idle'; readonly untilMs: number | null }
  | { readonly kind: 'send'; readonly sends: readonly Send[] }
  /** `turns`: what it asks is taken out of what the address may ask. */
  | (Exclude<Step, { kind: 'send' } | { kind: 'wait' }> & { readonly turns?: Turns | undefined })

type Plans = ReadonlyMap<string, Plan>

/** Renews the leases of these lanes and plans them, in one transaction. A lane that is missing in the answer is lost. */
export async function planLanes(ctx: ExecutionContext, lanes: readonly HeldLane[]): Promise<Plans> {
  return committed(ctx, async (tx) => {
    const { held, nowMs } = await holdLanes(tx, ctx, lanes)
    return planHeld(tx, ctx, held, nowMs)
  })
}

/** Takes lanes that have work and plans them, all in one transaction. */
export async function claimAndPlan(ctx: ExecutionContext, input: ClaimInput): Promise<{ lane: HeldLane; plan: Plan }[]> {
  let lanes: readonly HeldLane[] = []
  const plans = await committed(ctx, async (tx) => {
    const claimed = await claimWorkLanes(tx, ctx, input)
    lanes = claimed.lanes
    return lanes.length === 0 ? { plans: new Map(), factIds: [] } : planHeld(tx, ctx, lanes, claimed.nowMs)
  })
  return lanes.map((lane) => ({ lane, plan: plans.get(lane.accountId) ?? { kind: 'lost' } }))
}

/** In this order they find room: what closes wait for, then what is nearest to opening. */
const STEPS: readonly Step['kind'][] = ['refresh', 'resolve', 'prepare', 'look', 'reconcile', 'cancel']

interface Planned {
  readonly plans: Plans
  readonly factIds: readonly string[]
}

async function committed(ctx: ExecutionContext, work: (tx: Transaction) => Promise<Planned>): Promise<Plans> {
  const { plans, factIds } = await ctx.db.transaction(work)
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: [...factIds] })
  return plans
}

/**
 * For lanes whose leases were renewed in this transaction at `nowMs`: look at everything, end what must not be sent, write ahead what
 * goes next, give back those with nothing to do. No statement is repeated per lane.
 */
async function planHeld(tx: Transaction, ctx: ExecutionContext, held: readonly HeldLane[], nowMs: number): Promise<Planned> {
  const views = await loadLanes(tx, ctx, held, nowMs)
  const restored = await restoreProtection(tx, ctx, [...views.values()])
  const facts = [...restored.facts]

  const plans = new Map<string, Plan>()
  const chosen: { lane: HeldLane; pick: ChosenOrder }[] = []
  const steps: { lane: HeldLane; view: LaneView; step: Exclude<Step, { kind: 'send' } | { kind: 'wait' }> }[] = []
  const idle: HeldLane[] = []
  const endings: Ending[] = []
  for (const lane of held) {
    const view = views.get(lane.accountId)
    if (!view) continue
    const choice = chooseNext({ ...view, orders: [...view.orders, ...(restored.orders.get(lane.accountId) ?? [])] })
    endings.push(...choice.endings)
    if (choice.step.kind === 'send') {
      chosen.push(...choice.step.orders.map((pick) => ({ lane, pick })))
    } else if (choice.step.kind !== 'wait') {
      steps.push({ lane, view, step: choice.step })
    } else if (choice.endings.length > 0 || restored.changed.has(lane.accountId)) {
      plans.set(lane.accountId, { kind: 'again' })
    } else {
      plans.set(lane.accountId, { kind: 'idle', untilMs: choice.step.untilMs })
      idle.push(lane)
    }
  }

  facts.push(...(await endOrders(tx, endings)))
  const admission = admit(ctx, chosen, nowMs)
  try {
    const putOff = admission.putOff.map(({ pick, untilMs }) => ({ orderId: pick.order.id, untilMs }))
    for (const { lane, untilMs } of admission.putOff) plans.set(lane.accountId, { kind: 'idle', untilMs })
    for (const { lane, view, step } of steps.toSorted((a, b) => STEPS.indexOf(a.step.kind) - STEPS.indexOf(b.step.kind))) {
      const admitted = admitStep(ctx, view, step)
      if (admitted.isAdmitted) {
        plans.set(lane.accountId, { ...step, turns: admitted.turns })
        continue
      }
      const { orders, untilMs } = admitted
      const isAll = !restored.orders.has(lane.accountId) && view.orders.every((order) => order.state !== 'READY' || orders.includes(order))
      plans.set(lane.accountId, isAll ? { kind: 'idle', untilMs } : { kind: 'again' })
      if (isAll) idle.push(lane)
      putOff.push(...orders.map(({ id }) => ({ orderId: id, untilMs })))
    }
    await writePutOff(tx, putOff)
    const sends = Map.groupBy(await writeAhead(tx, ctx, admission.admitted, nowMs), (send) => send.lane.accountId)
    for (const [accountId, own] of sends) plans.set(accountId, { kind: 'send', sends: own })
    await release(tx, [...idle, ...admission.putOff.flatMap(({ lane }) => (sends.has(lane.accountId) ? [] : [lane]))])
    return { plans, factIds: await recordFacts(tx, facts) }
  } catch (error) {
    admission.giveBack()
    for (const plan of plans.values()) if ('turns' in plan) plan.turns?.giveBack()
    throw error
  }
}

async function release(tx: Transaction, lanes: readonly HeldLane[]): Promise<void> {
  if (lanes.length === 0) return
  await tx.query(
    `UPDATE lane SET owner = NULL, lease_until = NULL FROM unnest($1::uuid[], $2::bigint[]) AS x(a, f) WHERE account_id = x.a AND fence = x.f`,
    [lanes.map((lane) => lane.accountId), lanes.map((lane) => lane.fence)],
  )
}

interface Restored {
  /** New orders by account, ready to be chosen. */
  orders: Map<string, LaneOrder[]>
  changed: Set<string>
  facts: NewFact[]
}

async function restoreProtection(tx: Transaction, ctx: ExecutionContext, views: readonly LaneView[]): Promise<Restored> {
  const wishing = views.flatMap((view) => view.positions.filter(isGuarded).map((position) => ({ view, position })))
  const restored: Restored = { orders: new Map(), changed: new Set(), facts: [] }
  if (wishing.length === 0) return restored

  const epochOrders = Map.groupBy(
    await tx.query<EpochOrder>(
      `SELECT ${ORDER_COLUMNS}, o.ended_at AS "endedAt" FROM trade_order o
         JOIN unnest($1::uuid[], $2::text[]) AS x(a, c) ON o.account_id = x.a AND o.cause = x.c`,
      [wishing.map(({ position }) => position.accountId), wishing.map(({ position }) => positionCause(position))],
    ),
    (order) => order.cause,
  )

  const place: PositionOrder[] = []
  const emergencies: PositionRow[] = []
  const unprotected: PositionRow[] = []
  const settled: PositionRow[] = []
  for (const { view, position: held } of wishing) {
    const orders = epochOrders.get(positionCause(held)) ?? []
    const market = view.markets.get(held.symbol)
    const position = await moveToBreakEven(tx, held, orders, market)
    if (position !== held) restored.facts.push(positionFact(position))
    const input = { position, orders, market, nowMs: view.nowMs, timings: ctx.timings }
    const needs = missingProtection(input).filter(
      (need) => need.kind !== 'place' || position.shareOf === undefined || !isBeingClosed(input, view.orders),
    )
    if (isLate(ctx, position, view.nowMs)) restored.facts.push(...(await alarmOnce(tx, position)))
    if (needs.length === 0 && position.protection === 'PROTECTING') settled.push(position)
    for (const need of needs) {
      if (need.kind === 'replace') await askToReplace(tx, need.order)
      if (need.kind === 'give-up') await giveUp(tx, position, need.leg)
      if (need.kind !== 'place') restored.changed.add(position.accountId)
      else place.push({ position, ...need })
      if (need.kind === 'place' && need.leg === 'emergency' && position.protection !== 'EMERGENCY') emergencies.push(position)
      if (need.kind === 'place' && need.leg === 'stop' && position.protection === 'PROTECTED' && !stopRests(orders))
        unprotected.push(position)
    }
  }
  await noteProtections(tx, settled)
  await markPositions(tx, emergencies, 'EMERGENCY')
  await markPositions(tx, unprotected, 'PROTECTING')
  for (const position of [...emergencies, ...unprotected]) restored.facts.push(positionFact(position))

  for (const order of await insertPositionOrders(tx, ctx, place)) {
    const own = restored.orders.get(order.accountId) ?? []
    restored.orders.set(order.accountId, [...own, { ...order, dependsOnState: null, overtaken: false, stopped: null }])
  }
  return restored
}

function isLate(ctx: ExecutionContext, position: PositionRow, nowMs: number): boolean {
  return position.unprotectedSince !== null && position.unprotectedSince.getTime() + ctx.timings.protectionAlarmMs <= nowMs
}

/** Once for each time that the stop went missing. */
async function alarmOnce(tx: Transaction, position: PositionRow): Promise<NewFact[]> {
  const told = await tx.query(
    `SELECT 1 FROM fact WHERE user_id = $1 AND kind = 'protection-late' AND entity_id = $2 AND at >= $3 LIMIT 1`,
    [position.userId, position.shareOf ?? position.id, position.unprotectedSince],
  )
  if (told.length > 0) return []
  const payload = {
    accountId: position.accountId,
    symbol: position.symbol,
    unprotectedSince: position.unprotectedSince?.toISOString() ?? null,
  }
  return [{ userId: position.userId, kind: 'protection-late', entity: 'position', entityId: position.shareOf ?? position.id, payload }]
}

function isGuarded(position: PositionRow): boolean {
  return (
    Number(position.quantityBase) > 0 &&
    (position.stopPrice !== null ||
      position.targetPrice !== null ||
      position.plan !== null ||
      position.protection === 'PROTECTING' ||
      position.protection === 'EMERGENCY')
  )
}

async function askToReplace(tx: Transaction, order: EpochOrder): Promise<void> {
  await tx.query(
    `UPDATE trade_order SET cancel_requested_at = clock_timestamp(), reason = 'CANCELED_REPLACED' WHERE id = $1 AND cancel_requested_at IS NULL`,
    [order.id],
  )
}

async function giveUp(tx: Transaction, position: PositionRow, leg: 'stop' | 'target' | 'trailing'): Promise<void> {
  const table = tableOf(position)
  if (leg === 'trailing') {
    await tx.query(`UPDATE ${table} SET plan = jsonb_set(plan, '{trailing}', 'null'), version = version + 1 WHERE id = $1`, [position.id])
    return
  }
  const change =
    leg === 'stop'
      ? `stop_price = NULL, protection = 'NONE', unprotected_since = NULL, own_protection = true`
      : `target_price = NULL, protection = CASE WHEN unprotected_since IS NULL AND stop_price IS NOT NULL THEN 'PROTECTED' ELSE protection END`
  await tx.query(`UPDATE ${table} SET ${change}, version = version + 1 WHERE id = $1`, [position.id])
}

async function markPositions(tx: Transaction, positions: readonly PositionRow[], protection: 'EMERGENCY' | 'PROTECTING'): Promise<void> {
  for (const { table, has } of KINDS) {
    const ids = positions.filter(has).map((position) => position.id)
    if (ids.length === 0) continue
    await tx.query(
      `UPDATE ${table} SET protection = $2, unprotected_since = coalesce(unprotected_since, clock_timestamp()), version = version + 1 WHERE id = ANY($1::uuid[])`,
      [ids, protection],
    )
  }
}

function tableOf(position: PositionRow): string {
  return position.shareOf === undefined ? 'position' : 'position_share'
}

function positionFact(position: PositionRow): NewFact {
  return {
    userId: position.userId,
    kind: 'position-changed',
    entity: 'position',
    entityId: position.shareOf ?? position.id,
    payload: { accountId: position.accountId, symbol: position.symbol },
  }
}

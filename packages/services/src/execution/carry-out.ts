import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangePort } from '@matic/exchange/port'
import { looksCalm } from '../reconcile/look-in.ts'
import type { CalmLook } from '../reconcile/look-in.ts'
import { reconcileAccount } from '../reconcile/reconcile-account.ts'
import { applyPositions } from './apply-positions.ts'
import type { PositionReading } from './apply-positions.ts'
import { cancelAll } from './cancel-working.ts'
import type { CancelBooks } from './cancel-working.ts'
import type { ExecutionContext } from './context.ts'
import { holdLanes, LaneLost } from './lane.ts'
import type { HeldLane } from './lane.ts'
import type { Plan } from './plan-lanes.ts'
import { prepareSymbol } from './prepare-symbol.ts'
import type { PrepareBooks } from './prepare-symbol.ts'
import { readPositions } from './read-positions.ts'
import { resolveUnknown } from './resolve-unknown.ts'
import { sendAll } from './send.ts'
import type { RecordAnswer } from './send.ts'

export type Doable = Exclude<Plan, { kind: 'lost' } | { kind: 'again' } | { kind: 'idle' }>

/** Write down what many lanes have come to, together. */
export interface Books extends CancelBooks {
  readonly refreshed: (refreshed: Refreshed) => Promise<'recorded' | 'lost'>
  readonly answer: RecordAnswer
  readonly prepared: PrepareBooks
  readonly looked: (look: CalmLook) => Promise<'recorded' | 'lost'>
}

/** Does what a plan says with the exchange, and writes down what came of it. */
export async function carryOut(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  plan: Doable,
  books: Books,
): Promise<void> {
  switch (plan.kind) {
    case 'send':
      return sendAll(ctx, port, handle, plan.sends, books.answer)
    case 'prepare':
      return prepareSymbol(ctx, port, handle, lane, plan, books.prepared)
    case 'cancel':
      return cancelAll(ctx, port, handle, lane, plan.orders, books)
    case 'resolve':
      await Promise.all(plan.orders.map((order) => resolveUnknown(ctx, port, handle, lane, order)))
      return
    case 'refresh':
      return refreshPosition(ctx, port, handle, lane, plan, books)
    case 'reconcile':
      return reconcileAccount(ctx, port, handle, lane)
    case 'look':
      if (!(await looksCalm(port, handle, plan.walletBalance))) return reconcileAccount(ctx, port, handle, lane)
      return assertHeld(await books.looked({ lane, askedAtMs: plan.askedAtMs }), lane)
  }
}

/** A symbol of an account as the exchange lists it. */
export interface Refreshed {
  readonly lane: HeldLane
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly reading: PositionReading
}

/** @throws when the exchange does not answer: the lane rests and tries again */
async function refreshPosition(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  { symbol, positionSide }: Pick<Refreshed, 'symbol' | 'positionSide'>,
  books: Books,
): Promise<void> {
  const reading = await readPositions(ctx, port, handle)
  if (!reading.ok) throw new ExchangeSilent(reading.failure.code)
  assertHeld(await books.refreshed({ lane, symbol, positionSide, reading: reading.value }), lane)
}

function assertHeld(outcome: 'recorded' | 'lost', lane: HeldLane): void {
  if (outcome === 'lost') throw new LaneLost(lane.accountId)
}

/** Writes down what many accounts' lists say of one symbol each, in one transaction. @returns in their order */
export async function recordRefreshed(ctx: ExecutionContext, refreshed: readonly Refreshed[]): Promise<('recorded' | 'lost')[]> {
  const { held, ids } = await ctx.db.transaction(async (tx) => {
    const lanes = await holdLanes(
      tx,
      ctx,
      refreshed.map(({ lane }) => lane),
    )
    const ours = new Set(lanes.held)
    const facts = []
    for (const { lane, symbol, positionSide, reading } of refreshed) {
      if (!ours.has(lane)) continue
      const applied = await applyPositions(tx, ctx, lane, reading, { only: { symbol, positionSide } })
      facts.push(...applied.facts)
      // The list is late, so what we know from our own fills stands, and counts as read.
      if (applied.doubted.length > 0) {
        await tx.query('UPDATE position SET synced_at = to_timestamp($3::float8 / 1000.0) WHERE account_id = $1 AND symbol = $2', [
          lane.accountId,
          symbol,
          reading.askedAtMs,
        ])
      }
    }
    return { held: ours, ids: await recordFacts(tx, facts) }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return refreshed.map(({ lane }) => (held.has(lane) ? 'recorded' : 'lost'))
}

/** A reading that everything else depends on did not come. */
export class ExchangeSilent extends Error {
  readonly code: string
  constructor(code: string) {
    super(`The exchange did not answer (${code})`)
    this.name = 'ExchangeSilent'
    this.code = code
  }
}

import type { PositionDirection } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { positionSteps, restingLegs, stepAlert, type PositionStep, type RestingLegs, type RestingTrigger } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { DISPATCH_LOCK } from '../dispatch/load-batch.ts'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'
import { plainOrNull } from '../plain.ts'
import { isMirrored } from './mirrored.ts'
import { insertSignals, type MirrorSignal } from './signals.ts'
import { tellMovedLegs } from './tell-protection.ts'

/** A position that is not as followers were told last. Quantities base, prices quote per base. */
interface Difference {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: PositionDirection
  readonly quantityBase: string
  readonly epoch: number
  readonly entryPrice: string | null
  readonly markPrice: string | null
  readonly leverage: number | null
  readonly number: number
  readonly toldSide: PositionDirection
  readonly toldBase: string
  readonly toldEpoch: number
  readonly toldFilledBase: string
  readonly toldFills: number
  readonly filledBase: string
  readonly fills: number
  readonly filledAt: Date | null
  readonly doubtedForMs: number | null
  readonly nowMs: number
  readonly news: readonly Executed[]
}

/** What was executed on one side since. */
interface Executed {
  readonly side: 'buy' | 'sell'
  readonly base: string
  readonly quote: string
  readonly firstAtMs: number
  readonly tradeIds: readonly string[]
}

export interface Told {
  readonly facts: NewFact[]
  readonly signals: number
  /** Something differs that is not told yet: look again soon. */
  readonly waiting: boolean
}

const NOTHING: Told = { facts: [], signals: 0, waiting: false }

/**
 * Tells the followers of a mirrored account what has become of its positions: each change is one signal, which commits with the mark of how
 * far has been told. Whoever looks next finds what is missing and no more. A change that no fills show is not believed before the
 * exchange's lists have had time to agree. Called in the account's lane, in the transaction that wrote its positions.
 */
export async function tellChanges(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  openOrders: readonly RestingTrigger[],
): Promise<Told> {
  const changes = await tellPositions(tx, ctx, lane, openOrders)
  const moved = await tellMovedLegs(tx, ctx, lane, openOrders)
  return { facts: [...changes.facts, ...moved], signals: changes.signals + moved.length, waiting: changes.waiting }
}

async function tellPositions(tx: Transaction, ctx: ExecutionContext, lane: HeldLane, openOrders: readonly RestingTrigger[]): Promise<Told> {
  const differences = await findDifferences(tx, lane)
  if (differences.length === 0) return NOTHING
  const believed = differences.filter((one) => isShown(one) || (one.doubtedForMs ?? -1) >= ctx.timings.replicaLagMs)
  const doubted = differences.filter((one) => !believed.includes(one))
  await noteDoubt(tx, lane, doubted)
  const changed = believed.map((one) => ({ one, steps: stepsOf(one), legs: restingLegs(one, openOrders) }))
  // A follow begins under this lock: what it joined with and what it is told of have a clear order. Who waits here could block who decides.
  if (changed.some(({ steps }) => steps.length > 0) && !(await tryHoldSource(tx, lane.accountId)))
    return { facts: [], signals: 0, waiting: true }
  const signals = changed.flatMap(({ one, steps, legs }) =>
    steps.map((step, index) => signalOf(ctx, lane, one, { step, legs, number: one.number + index + 1 })),
  )
  const facts = await insertSignals(tx, signals)
  await moveMarks(tx, lane, changed)
  return { facts, signals: signals.length, waiting: doubted.length > 0 }
}

async function findDifferences(tx: Transaction, { accountId }: HeldLane): Promise<Difference[]> {
  return tx.query<Difference>(
    `SELECT p.symbol, p.position_side AS "positionSide", p.side, p.quantity_base AS "quantityBase", p.epoch, p.entry_price AS "entryPrice", p.mark_price AS "markPrice",
            p.leverage, coalesce(m.number, 0) AS number, coalesce(m.side, p.side) AS "toldSide", coalesce(m.quantity_base, 0) AS "toldBase",
            coalesce(m.epoch, p.epoch) AS "toldEpoch", coalesce(m.filled_base, 0) AS "toldFilledBase", coalesce(m.fills, 0) AS "toldFills",
            f.base AS "filledBase", f.fills, f.at AS "filledAt",
            (extract(epoch FROM clock_timestamp() - m.doubted_since) * 1000)::float8 AS "doubtedForMs",
            (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs", n.news
       FROM position p
       LEFT JOIN mirror_mark m ON m.account_id = p.account_id AND m.symbol = p.symbol AND m.position_side = p.position_side,
       LATERAL (SELECT coalesce(sum(CASE x.side WHEN 'buy' THEN x.quantity_base ELSE -x.quantity_base END), 0) AS base, count(*)::int AS fills, max(x.at) AS at
                  FROM fill x WHERE x.account_id = p.account_id AND x.symbol = p.symbol AND x.position_side = p.position_side) AS f,
       LATERAL (SELECT coalesce(json_agg(s), '[]') AS news FROM (
                  SELECT x.side, sum(x.quantity_base)::text AS base, sum(x.quantity_base * x.price)::text AS quote,
                         (extract(epoch FROM min(x.at)) * 1000)::float8 AS "firstAtMs", (array_agg(x.trade_id ORDER BY x.at DESC))[1:50] AS "tradeIds"
                    FROM fill x WHERE x.account_id = p.account_id AND x.symbol = p.symbol AND x.position_side = p.position_side
                     AND x.at > coalesce(m.filled_at, 'epoch') GROUP BY x.side) AS s) AS n
      WHERE p.account_id = $1 AND ${isMirrored('$1')}
        AND (p.quantity_base <> coalesce(m.quantity_base, 0) OR m.doubted_since IS NOT NULL
             OR (p.quantity_base > 0 AND (p.side <> m.side OR p.epoch <> m.epoch)))
      ORDER BY p.symbol, p.position_side`,
    [accountId],
  )
}

const signed = (side: PositionDirection, base: string) => new Decimal(base).mul(side === 'LONG' ? 1 : -1)

/** The fills since then add up to the change. */
function isShown(one: Difference): boolean {
  const moved = signed(one.side, one.quantityBase).sub(signed(one.toldSide, one.toldBase))
  return new Decimal(one.filledBase).sub(one.toldFilledBase).eq(moved)
}

function stepsOf(one: Difference): PositionStep[] {
  return positionSteps(
    { side: one.toldSide, quantityBase: new Decimal(one.toldBase), epoch: one.toldEpoch },
    { side: one.side, quantityBase: new Decimal(one.quantityBase), epoch: one.epoch },
    one.fills !== one.toldFills,
  )
}

async function tryHoldSource(tx: Transaction, accountId: string): Promise<boolean> {
  const [row] = await tx.query<{ held: boolean }>('SELECT pg_try_advisory_xact_lock($1, hashtext($2::uuid::text)) AS held', [
    DISPATCH_LOCK,
    accountId,
  ])
  return row?.held === true
}

function signalOf(
  ctx: ExecutionContext,
  { accountId, userId }: HeldLane,
  one: Difference,
  { step, number, legs }: { step: PositionStep; number: number; legs: RestingLegs },
): MirrorSignal {
  const before = step.from === null ? new Decimal(0) : signed(step.from.side, step.from.quantityBase.toFixed())
  const after = step.to === null ? new Decimal(0) : signed(step.to.side, step.to.quantityBase.toFixed())
  const executed = one.news.find(({ side }) => side === (after.gt(before) ? 'buy' : 'sell'))
  const price =
    executed === undefined
      ? (one.entryPrice ?? one.markPrice)
      : new Decimal(executed.quote).div(executed.base).toDecimalPlaces(18).toFixed()
  const alert = stepAlert(step, {
    symbol: one.symbol,
    positionSide: one.positionSide,
    price: plainOrNull(price),
    leverage: one.leverage,
    filledAtMs: Math.floor(executed?.firstAtMs ?? one.nowMs),
    ...legs,
    idempotencyKey: `${one.symbol} ${one.positionSide} ${number}`,
  })
  const seen = {
    account: accountId,
    symbol: one.symbol,
    positionSide: one.positionSide,
    change: step.kind,
    from: before.toFixed(),
    to: after.toFixed(),
    price: alert.signalPrice,
    fills: executed?.tradeIds ?? [],
  }
  return { id: ctx.newId(), userId, source: 'ACCOUNT', sourceId: accountId, alert, seen }
}

async function moveMarks(
  tx: Transaction,
  { accountId, userId }: HeldLane,
  changed: readonly { one: Difference; steps: readonly PositionStep[]; legs: RestingLegs }[],
): Promise<void> {
  if (changed.length === 0) return
  await tx.query(
    `INSERT INTO mirror_mark AS m (account_id, user_id, symbol, position_side, number, side, quantity_base, epoch, filled_base, fills, filled_at, stop_price, target_price,
                              trailing_percent, trailing_activation)
     SELECT $1, $2, s, d, n, side, q, e, b, f, at, sp, tp, cp, ap
       FROM unnest($3::text[], $4::text[], $5::int[], $6::text[], $7::numeric[], $8::int[], $9::numeric[], $10::int[], $11::timestamptz[],
                   $12::numeric[], $13::numeric[], $14::numeric[], $15::numeric[]) AS x(s, d, n, side, q, e, b, f, at, sp, tp, cp, ap)
     ON CONFLICT (account_id, symbol, position_side) DO UPDATE SET number = excluded.number, side = excluded.side, quantity_base = excluded.quantity_base,
       epoch = excluded.epoch, filled_base = excluded.filled_base, fills = excluded.fills, filled_at = excluded.filled_at, doubted_since = NULL,
       stop_price = CASE WHEN excluded.quantity_base = 0 OR excluded.epoch <> m.epoch THEN excluded.stop_price ELSE m.stop_price END,
       target_price = CASE WHEN excluded.quantity_base = 0 OR excluded.epoch <> m.epoch THEN excluded.target_price ELSE m.target_price END,
       trailing_percent = CASE WHEN excluded.quantity_base = 0 OR excluded.epoch <> m.epoch THEN excluded.trailing_percent ELSE m.trailing_percent END,
       trailing_activation = CASE WHEN excluded.quantity_base = 0 OR excluded.epoch <> m.epoch THEN excluded.trailing_activation ELSE m.trailing_activation END,
       left_legs = CASE WHEN excluded.quantity_base = 0 OR excluded.epoch <> m.epoch THEN '' ELSE m.left_legs END, updated_at = clock_timestamp()`,
    [
      accountId,
      userId,
      changed.map(({ one }) => one.symbol),
      changed.map(({ one }) => one.positionSide),
      changed.map(({ one, steps }) => one.number + steps.length),
      changed.map(({ one }) => one.side),
      changed.map(({ one }) => one.quantityBase),
      changed.map(({ one }) => one.epoch),
      changed.map(({ one }) => one.filledBase),
      changed.map(({ one }) => one.fills),
      changed.map(({ one }) => one.filledAt),
      changed.map(({ one, legs }) => (new Decimal(one.quantityBase).isZero() ? null : legs.stopPrice)),
      changed.map(({ one, legs }) => (new Decimal(one.quantityBase).isZero() ? null : legs.targetPrice)),
      changed.map(({ one, legs }) => (new Decimal(one.quantityBase).isZero() ? null : (legs.trailing?.percent ?? null))),
      changed.map(({ one, legs }) => (new Decimal(one.quantityBase).isZero() ? null : (legs.trailing?.activationPrice ?? null))),
    ],
  )
}

async function noteDoubt(tx: Transaction, { accountId, userId }: HeldLane, doubted: readonly Difference[]): Promise<void> {
  if (doubted.length === 0) return
  await tx.query(
    `INSERT INTO mirror_mark AS m (account_id, user_id, symbol, position_side, side, quantity_base, epoch, doubted_since)
     SELECT $1, $2, s, d, side, 0, e, clock_timestamp() FROM unnest($3::text[], $4::text[], $5::text[], $6::int[]) AS x(s, d, side, e)
     ON CONFLICT (account_id, symbol, position_side) DO UPDATE SET doubted_since = coalesce(m.doubted_since, clock_timestamp())`,
    [
      accountId,
      userId,
      doubted.map(({ symbol }) => symbol),
      doubted.map(({ positionSide }) => positionSide),
      doubted.map(({ side }) => side),
      doubted.map(({ epoch }) => epoch),
    ],
  )
}

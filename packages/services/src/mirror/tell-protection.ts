import type { Alert, PositionDirection } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { leftLegs, movedLegs, movedTrailing, protectionAlert, restingLegs, type ProtectionLegs, type RestingTrigger } from '@matic/domain'
import type { ServiceContext } from '../context.ts'
import type { HeldLane } from '../execution/lane.ts'
import type { PositionRow } from '../execution/rows.ts'
import { plain, plainOrNull } from '../plain.ts'
import { isMirrored, isWatched } from './mirrored.ts'
import { insertSignals, type MirrorSignal } from './signals.ts'

/** A position as followers know it, with the legs they were told of. */
interface Known extends ProtectionLegs {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: PositionDirection
  readonly quantityBase: string
  readonly entryPrice: string | null
  /** Their trailing stop: callback, percent, and where it begins. */
  readonly trailingPercent: string | null
  readonly trailingActivation: string | null
  /** Kinds that rest beside them and are not copied, with commas between, as told. */
  readonly left: string
  readonly number: number
  readonly nowMs: number
}

const KNOWN = `SELECT m.symbol, m.position_side AS "positionSide", m.side, m.quantity_base AS "quantityBase", p.entry_price AS "entryPrice", m.number,
    m.stop_price AS "stopPrice", m.target_price AS "targetPrice",
    m.trailing_percent AS "trailingPercent", m.trailing_activation AS "trailingActivation", m.left_legs AS left, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
  FROM mirror_mark m JOIN position p ON p.account_id = m.account_id AND p.symbol = m.symbol AND p.position_side = m.position_side
 WHERE m.account_id = $1 AND m.quantity_base > 0 AND m.doubted_since IS NULL`

/** Positions whose stop or target at the exchange is another than followers were told: empty where nobody follows. */
export async function legsToTell(
  db: Pick<Transaction, 'query'>,
  accountId: string,
  ordersOf: (symbols: readonly string[]) => Promise<readonly RestingTrigger[]>,
): Promise<boolean> {
  const known = await db.query<Known>(`${KNOWN} AND ${isWatched('$1')}`, [accountId])
  if (known.length === 0) return false
  const orders = await ordersOf([...new Set(known.map(({ symbol }) => symbol))])
  return known.some((one) => movedOf(one, orders) !== null || leftLegs(one, orders).join() !== one.left)
}

/** What followers were not told of yet. */
function movedOf(one: Known, orders: readonly RestingTrigger[]): Alert['protection'] {
  const { trailingPercent, trailingActivation } = one
  const told = trailingPercent === null ? null : { percent: plain(trailingPercent), activationPrice: plainOrNull(trailingActivation) }
  const legs = movedLegs(one, restingLegs(one, orders))
  const trailing = movedTrailing(one, told, orders)
  return trailing === null ? legs : { stop: null, target: null, ...legs, trailing }
}

/** Tells the followers of a mirrored account of stops and targets that were moved at the exchange, by whomever. In the account's lane. */
export async function tellMovedLegs(
  tx: Transaction,
  ctx: Pick<ServiceContext, 'newId'>,
  { accountId, userId }: HeldLane,
  openOrders: readonly RestingTrigger[],
): Promise<NewFact[]> {
  const known = await tx.query<Known>(`${KNOWN} AND ${isMirrored('$1')} ORDER BY m.symbol, m.position_side`, [accountId])
  const moved = known.flatMap((one) => {
    const told = one.left.split(',')
    const left = leftLegs(one, openOrders).filter((kind) => !told.includes(kind))
    const protection = movedOf(one, openOrders)
    if (left.length === 0) return protection === null ? [] : [{ one, protection }]
    return [{ one, protection: { stop: null, target: null, ...protection, left } }]
  })
  await noteLeft(tx, accountId, known, openOrders)
  if (moved.length === 0) return []
  await tx.query(
    `UPDATE mirror_mark m SET number = m.number + 1, stop_price = coalesce(x.s, m.stop_price), target_price = CASE WHEN x.moves THEN x.t ELSE m.target_price END,
            trailing_percent = CASE WHEN x.trails THEN x.p ELSE m.trailing_percent END,
            trailing_activation = CASE WHEN x.trails THEN x.begins ELSE m.trailing_activation END, updated_at = clock_timestamp()
       FROM unnest($2::text[], $3::text[], $4::numeric[], $5::boolean[], $6::numeric[], $7::boolean[], $8::numeric[], $9::numeric[])
         AS x(sym, d, s, moves, t, trails, p, begins)
      WHERE m.account_id = $1 AND m.symbol = x.sym AND m.position_side = x.d`,
    [
      accountId,
      moved.map(({ one }) => one.symbol),
      moved.map(({ one }) => one.positionSide),
      moved.map(({ protection }) => protection.stop?.price ?? null),
      moved.map(({ protection }) => protection.target !== null),
      moved.map(({ protection }) => protection.target?.price ?? null),
      moved.map(({ protection }) => protection.trailing !== undefined),
      moved.map(({ protection }) => protection.trailing?.to?.percent ?? null),
      moved.map(({ protection }) => protection.trailing?.to?.activationPrice ?? null),
    ],
  )
  const signals = moved.map(({ one, protection }): MirrorSignal => {
    const { symbol, side, positionSide, number, nowMs } = one
    const alert = protectionAlert(protection, {
      symbol,
      side,
      entryPrice: plainOrNull(one.entryPrice),
      accountId: null,
      atMs: Math.floor(nowMs),
      idempotencyKey: `${symbol} ${positionSide} ${number + 1}`,
    })
    return {
      id: ctx.newId(),
      userId,
      source: 'ACCOUNT',
      sourceId: accountId,
      alert,
      seen: { account: accountId, symbol, positionSide, protection },
    }
  })
  return insertSignals(tx, signals)
}

async function noteLeft(tx: Transaction, accountId: string, known: readonly Known[], openOrders: readonly RestingTrigger[]): Promise<void> {
  const changed = known.flatMap((one) => {
    const left = leftLegs(one, openOrders).join()
    return left === one.left ? [] : [{ one, left }]
  })
  if (changed.length === 0) return
  await tx.query(
    `UPDATE mirror_mark m SET left_legs = x.l, updated_at = clock_timestamp() FROM unnest($2::text[], $3::text[], $4::text[]) AS x(sym, d, l)
      WHERE m.account_id = $1 AND m.symbol = x.sym AND m.position_side = x.d`,
    [accountId, changed.map(({ one }) => one.symbol), changed.map(({ one }) => one.positionSide), changed.map(({ left }) => left)],
  )
}

/** A leader moved stop or target of a position here: whoever copies the source that opened it hears of it, once, with the change itself. */
export async function tellProtection(
  tx: Transaction,
  ctx: Pick<ServiceContext, 'newId' | 'clock'>,
  position: PositionRow,
  wish: ProtectionLegs,
): Promise<NewFact[]> {
  const protection = movedLegs(position, wish)
  if (protection === null) return []
  const [source] = await tx.query<{ kind: 'WEBHOOK' | 'MANUAL'; id: string }>(
    `SELECT r.source_kind AS kind, r.source_id AS id FROM route r
      WHERE r.id = $1 AND r.follow_id IS NULL AND EXISTS (
        SELECT 1 FROM strategy s JOIN follow f ON f.strategy_id = s.id AND f.state <> 'STOPPED'
         WHERE s.source_kind = r.source_kind AND s.source_id = r.source_id AND s.account_id = $2)`,
    [position.routeId, position.accountId],
  )
  if (!source) return []
  const { symbol, side, entryPrice, accountId, userId } = position
  const alert = protectionAlert(protection, {
    symbol,
    side,
    entryPrice: entryPrice === null ? null : plain(entryPrice),
    accountId,
    atMs: ctx.clock.now(),
    idempotencyKey: null,
  })
  return insertSignals(tx, [
    { id: ctx.newId(), userId, source: source.kind, sourceId: source.id, alert, seen: { account: accountId, symbol, protection } },
  ])
}

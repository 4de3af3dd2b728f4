import type { TrailingStop } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { Decimal } from 'decimal.js'
import type { ServiceContext } from '../context.ts'
import { manualAlert } from '../trading/manual-alert.ts'
import { followFact, type ToldFollow } from './follow-facts.ts'
import { insertFollowSignals, type FollowSignal } from './follow-signals.ts'

interface Joining extends ToldFollow {
  /** How far the price may be from the leader's entry, percent. */
  readonly maxDistancePercent: string
  readonly requestId: string | null
}

export interface LeaderHolds {
  readonly symbol: string
  readonly side: 'LONG' | 'SHORT'
  /** Base. */
  readonly quantity: string
  readonly entryPrice: string | null
  readonly stop: string | null
  readonly target: string | null
  /** Of a mirrored account. */
  readonly trailing: TrailingStop | null
  /** Null while no price is known that is younger than a minute. */
  readonly mark: string | null
}

/**
 * Of what is copied alone: the leader's share of it, where several sources trade on their account; of a mirrored account, all that its followers know of.
 */
const LEADER_HOLDS = `
  WITH leader AS (
    SELECT lr.id AS route_id, lr.account_id FROM follow f JOIN route r ON r.id = f.route_id JOIN strategy s ON s.id = f.strategy_id
      JOIN route lr ON lr.account_id = s.account_id AND lr.source_kind = r.source_kind AND lr.source_id = r.source_id AND lr.follow_id IS NULL
     WHERE f.id = $1),
  held AS (
    SELECT h.account_id, h.symbol, h.position_side, h.quantity_base AS base, h.entry_price, NULL::jsonb AS trails
      FROM position_share h JOIN leader l ON l.account_id = h.account_id AND l.route_id = h.route_id WHERE h.quantity_base <> 0
    UNION ALL
    SELECT p.account_id, p.symbol, p.position_side, CASE p.side WHEN 'SHORT' THEN -p.quantity_base ELSE p.quantity_base END, p.entry_price, NULL
      FROM position p JOIN leader l ON l.account_id = p.account_id AND l.route_id = p.route_id
     WHERE p.quantity_base > 0 AND NOT EXISTS (SELECT 1 FROM position_share h WHERE h.account_id = p.account_id AND h.symbol = p.symbol AND h.position_side = p.position_side AND h.quantity_base <> 0)
    UNION ALL
    SELECT k.account_id, k.symbol, k.position_side, CASE k.side WHEN 'SHORT' THEN -k.quantity_base ELSE k.quantity_base END, p.entry_price,
           CASE WHEN k.trailing_percent IS NOT NULL THEN
             jsonb_build_object('percent', trim_scale(k.trailing_percent)::text, 'activationPrice', trim_scale(k.trailing_activation)::text) END
      FROM follow f JOIN strategy s ON s.id = f.strategy_id AND s.source_kind = 'ACCOUNT'
      JOIN mirror_mark k ON k.account_id = s.account_id AND k.quantity_base > 0
      LEFT JOIN position p ON p.account_id = k.account_id AND p.symbol = k.symbol AND p.position_side = k.position_side AND p.quantity_base > 0
     WHERE f.id = $1)
  SELECT h.symbol, CASE WHEN h.base > 0 THEN 'LONG' ELSE 'SHORT' END AS side, trim_scale(abs(h.base))::text AS quantity, trim_scale(h.entry_price)::text AS "entryPrice",
         trim_scale(p.stop_price)::text AS stop, trim_scale(p.target_price)::text AS target, h.trails AS trailing,
         CASE WHEN m.mark_at > clock_timestamp() - interval '60 seconds' THEN trim_scale(m.mark_price)::text END AS mark
    FROM held h JOIN account a ON a.id = h.account_id
    LEFT JOIN position p ON p.account_id = h.account_id AND p.symbol = h.symbol AND p.position_side = h.position_side AND p.quantity_base > 0
    LEFT JOIN market m ON m.exchange = a.exchange AND m.symbol = h.symbol
   ORDER BY h.symbol, side`

/** What the leader of a follow holds of what it copies. */
export async function readLeaderHolds(tx: Transaction, followId: string): Promise<LeaderHolds[]> {
  return tx.query<LeaderHolds>(LEADER_HOLDS, [followId])
}

/**
 * A signal for this follow alone for each position of the leader whose price is near enough to their entry, with their stop and target.
 * @returns what tells the follower of the others, with the numbers
 */
export async function joinPositions(tx: Transaction, ctx: ServiceContext, joining: Joining): Promise<NewFact[]> {
  const { userId, followId, requestId, maxDistancePercent } = joining
  const signals: FollowSignal[] = []
  const facts: NewFact[] = []
  for (const holds of await readLeaderHolds(tx, followId)) {
    const { symbol, side, entryPrice, mark } = holds
    const distance = distanceOf(holds)
    if (mark === null || distance === null) {
      facts.push(followFact(joining, 'join-price-unknown', { symbol, side }))
      continue
    }
    if (distance.gt(maxDistancePercent)) {
      const distancePercent = distance.toDecimalPlaces(2).toFixed()
      facts.push(
        followFact(joining, 'not-joined', { symbol, side, price: mark, entryPrice, distancePercent, limitPercent: maxDistancePercent }),
      )
      continue
    }
    signals.push({ userId, followId, requestId, ...joinOf(holds, mark, ctx.clock.now()) })
  }
  await insertFollowSignals(tx, ctx, signals)
  return facts
}

/** Percent of the entry. */
function distanceOf({ entryPrice, mark }: LeaderHolds): Decimal | null {
  if (entryPrice === null || mark === null) return null
  return new Decimal(mark).sub(entryPrice).abs().div(entryPrice).mul(100)
}

/** What the follower saw is what slippage is measured from. */
function joinOf(
  { symbol, side, quantity, stop, target, trailing }: LeaderHolds,
  mark: string,
  atMs: number,
): Pick<FollowSignal, 'rawBody' | 'alert'> {
  const action = side === 'LONG' ? 'buy' : 'sell'
  return {
    rawBody: Buffer.from(JSON.stringify({ join: symbol, action, quantity })),
    alert: manualAlert({
      ticker: symbol,
      action,
      quantity,
      marketPosition: side === 'LONG' ? 'long' : 'short',
      previousMarketPosition: 'flat',
      signalPrice: mark,
      stopLoss: stop,
      takeProfit: target,
      trailing,
      idempotencyKey: `join-${symbol}-${side}`,
      atMs,
    }),
  }
}

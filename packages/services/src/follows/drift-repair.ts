import { AppError, type Alert } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { reductionPercent } from '@matic/domain'
import type { ServiceContext } from '../context.ts'
import { recordFollowFacts } from '../mail/mail-follow-news.ts'
import { manualAlert } from '../trading/manual-alert.ts'
import { followFact } from './follow-facts.ts'
import { loadDriftMarkets, TOP_UP_KEY } from './drift-rows.ts'
import { judgeMarket, type Judged } from './drift-judge.ts'
import { readLeaderHolds } from './join-positions.ts'

export interface Repair {
  readonly market: Judged
  readonly driftId: string
  /** 1, and one more each time that it is sent again. */
  readonly round: number
}

/** What was received may be committed so much later, s. */
const COMMITTING_S = 1

/**
 * A signal of the follow for each, once a round whoever sends it: what is too much is taken off, reduce-only; what an opening missed is bought after it, once
 * whatever the round. Where anything was said since it was looked at, or the follow is being changed, it waits for the next look.
 * @param seenMs when that was, epoch ms
 * @returns facts to record last
 */
export async function sendRepairs(tx: Transaction, ctx: ServiceContext, repairs: readonly Repair[], seenMs: number): Promise<NewFact[]> {
  if (repairs.length === 0) return []
  const atMs = ctx.clock.now()
  const alerts = await Promise.all(
    repairs.map(async (repair) => ({
      ...repair,
      id: ctx.newId(),
      alert: await (repair.market.topUp === null ? closing : topping)(tx, repair, atMs),
    })),
  )
  const signals = alerts.flatMap(({ alert, ...repair }) => (alert === null ? [] : [{ ...repair, alert }]))
  const sent = await tx.query<{ id: string }>(
    `WITH sent AS (
       INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, idempotency_key, ticker, alert_at, alert)
       SELECT x.id, u, 'FOLLOW', x.f, to_timestamp($8::float8 / 1000), b, sha256(b), k, t, to_timestamp($8::float8 / 1000), a::jsonb
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::text[]) AS x(id, u, f, b, k, t, a)
         JOIN (SELECT f.id, f.route_id FROM follow f WHERE f.id = ANY($3::uuid[]) AND f.state <> 'STOPPED' FOR SHARE SKIP LOCKED) own ON own.id = x.f
         JOIN route r ON r.id = own.route_id
        WHERE NOT EXISTS (SELECT 1 FROM signal g WHERE g.source_id IN (r.source_id, x.f) AND g.received_at > to_timestamp($11::float8 / 1000) - make_interval(secs => $12))
       ON CONFLICT DO NOTHING RETURNING id, idempotency_key)
     UPDATE copy_drift d SET repairs = x.n, last_repair_at = clock_timestamp(), last_repair_signal_id = s.id
       FROM unnest($9::uuid[], $5::text[], $10::int[]) AS x(d, k, n) JOIN sent s ON s.idempotency_key = x.k WHERE d.id = x.d RETURNING s.id`,
    [
      signals.map(({ id }) => id),
      signals.map(({ market }) => market.userId),
      signals.map(({ market }) => market.followId),
      signals.map(({ alert }) =>
        Buffer.from(JSON.stringify({ repair: alert.ticker, action: alert.action, quantity: alert.quantity, unit: alert.quantityUnit })),
      ),
      signals.map(({ alert }) => alert.idempotencyKey),
      signals.map(({ alert }) => alert.ticker),
      signals.map(({ alert }) => JSON.stringify(alert)),
      atMs,
      signals.map(({ driftId }) => driftId),
      signals.map(({ round }) => round),
      seenMs,
      COMMITTING_S * ctx.timings.scale,
    ],
  )
  return signals
    .filter(({ id }) => sent.some((one) => one.id === id))
    .map(({ market, id }) => {
      const amount = (market.topUp ?? market.drift)?.quantityBase.toDecimalPlaces(18).toFixed() ?? null
      return followFact(market, market.topUp === null ? 'repaired' : 'topped-up', {
        symbol: market.symbol,
        amount,
        signalId: id,
        cause: market.drift?.cause ?? null,
      })
    })
}

/** In the leader's terms where the follow is reversed: it is mirrored like every alert. */
function closing(_tx: Transaction, { market, driftId, round }: Repair, atMs: number): Alert {
  const percent = reductionPercent(market)
  const isLong = market.actual.isNegative() === market.isReverse
  const action = market.positionSide === 'BOTH' ? 'close' : isLong ? 'close-long' : 'close-short'
  return manualAlert({
    ticker: market.symbol,
    action,
    ...(percent === null ? {} : { quantity: percent.toFixed(), quantityUnit: 'percent-of-position' as const }),
    idempotencyKey: `drift-${driftId}-${round}`,
    atMs,
  })
}

/** The opening that was missed, in the follower's own size, with the leader's stop and target as they are now. Null where the leader is out. */
async function topping(tx: Transaction, { market }: Repair, atMs: number): Promise<Alert | null> {
  const { topUp, target, isReverse, symbol, followId } = market
  if (topUp === null) return null
  const isLong = target.isNegative() === isReverse
  const leader = (await readLeaderHolds(tx, followId)).find((one) => one.symbol === symbol && one.side === (isLong ? 'LONG' : 'SHORT'))
  if (leader === undefined) return null
  return manualAlert({
    ticker: symbol,
    action: isLong ? 'buy' : 'sell',
    quantity: topUp.quantityBase.toDecimalPlaces(18).toFixed(),
    signalPrice: topUp.price.toFixed(),
    leverage: topUp.leverage === null ? null : String(topUp.leverage),
    stopLoss: leader.stop,
    takeProfit: leader.target,
    trailing: leader.trailing,
    topUp: true,
    idempotencyKey: `${TOP_UP_KEY}${topUp.openingId}`,
    atMs,
  })
}

/**
 * Takes off now what a follow holds of a market beyond what it should.
 * @throws AppError NOT_FOUND; CONFLICT where nothing is too much, or something is under way
 */
export async function repairCopyDrift({
  ctx,
  input,
}: {
  ctx: ServiceContext
  input: { userId: string; followId: string; symbol: string }
}): Promise<{ signalId: string }> {
  const { userId, followId, symbol } = input
  const [own] = await ctx.db.query('SELECT 1 FROM follow WHERE id = $1 AND user_id = $2', [followId, userId])
  if (!own) throw new AppError('NOT_FOUND', 'There is no such follow')
  const seenMs = ctx.clock.now()
  const [market] = (await loadDriftMarkets(ctx, [followId]))
    .map((one) => judgeMarket(one, seenMs))
    .filter((one) => one.symbol === symbol && one.drift?.way === 'reduces')
  if (market === undefined) throw new AppError('CONFLICT', 'Nothing of this market is too much')
  if (market.doubt === 'shared') throw new AppError('CONFLICT', 'Others hold some of this position. Close what is too much by hand.')
  if (market.isUnderWay) throw new AppError('CONFLICT', 'Something is under way in this market. Try again when it is over.')
  const { signalId, factIds } = await ctx.db.transaction(async (tx) => {
    const [drift] = await tx.query<{ id: string; repairs: number }>(
      `SELECT id, repairs FROM copy_drift WHERE follow_id = $1 AND user_id = $2 AND symbol = $3 AND position_side = $4 AND ended_at IS NULL FOR UPDATE`,
      [followId, userId, symbol, market.positionSide],
    )
    if (!drift) throw new AppError('CONFLICT', 'This has not been seen for long enough yet')
    const facts = await sendRepairs(tx, ctx, [{ market, driftId: drift.id, round: drift.repairs + 1 }], seenMs)
    const [sent] = await tx.query<{ id: string | null }>('SELECT last_repair_signal_id AS id FROM copy_drift WHERE id = $1', [drift.id])
    return { signalId: facts.length === 0 ? null : (sent?.id ?? null), factIds: await recordFollowFacts(tx, ctx, facts) }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  if (signalId === null) throw new AppError('CONFLICT', 'Something has just been said of it. Try again in a moment.')
  ctx.doorbell.ring('dispatch')
  return { signalId }
}

import { AppError, type Alert } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { reductionPercent } from '@matic/domain'
import type { ServiceContext } from '../context.ts'
import { manualAlert } from '../trading/manual-alert.ts'
import { loadDriftMarkets } from './drift-rows.ts'
import { judgeMarket, type Judged } from './drift-judge.ts'

export interface Repair {
  readonly market: Judged
  readonly driftId: string
  /** 1, and one more each time that it is sent again. */
  readonly round: number
}

/** A signal of the follow for each, once a round whoever sends it: what is too much is taken off, reduce-only. @returns facts to record last */
export async function sendRepairs(tx: Transaction, ctx: ServiceContext, repairs: readonly Repair[]): Promise<NewFact[]> {
  if (repairs.length === 0) return []
  const atMs = ctx.clock.now()
  const signals = repairs.map((repair) => ({ ...repair, id: ctx.newId(), alert: alertOf(repair, atMs) }))
  await tx.query(
    `WITH sent AS (
       INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, idempotency_key, ticker, alert_at, alert)
       SELECT id, u, 'FOLLOW', f, to_timestamp($8::float8 / 1000), b, sha256(b), k, t, to_timestamp($8::float8 / 1000), a::jsonb
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::text[]) AS x(id, u, f, b, k, t, a)
       ON CONFLICT DO NOTHING RETURNING id, idempotency_key)
     UPDATE copy_drift d SET repairs = x.n, last_repair_at = clock_timestamp(), last_repair_signal_id = s.id
       FROM unnest($9::uuid[], $5::text[], $10::int[]) AS x(d, k, n) JOIN sent s ON s.idempotency_key = x.k WHERE d.id = x.d`,
    [
      signals.map(({ id }) => id),
      signals.map(({ market }) => market.userId),
      signals.map(({ market }) => market.followId),
      signals.map(({ alert }) => Buffer.from(JSON.stringify({ repair: alert.ticker, action: alert.action, percent: alert.quantity }))),
      signals.map(({ alert }) => alert.idempotencyKey),
      signals.map(({ alert }) => alert.ticker),
      signals.map(({ alert }) => JSON.stringify(alert)),
      atMs,
      signals.map(({ driftId }) => driftId),
      signals.map(({ round }) => round),
    ],
  )
  return signals.map(({ market, id }) => ({
    userId: market.userId,
    kind: 'settings-changed' as const,
    entity: 'follow',
    entityId: market.followId,
    payload: { followId: market.followId, repairing: market.symbol, signalId: id, cause: market.drift?.cause ?? null },
  }))
}

/** In the leader's terms where the follow is reversed: it is mirrored like every alert. */
function alertOf({ market, driftId, round }: Repair, atMs: number): Alert {
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
  const [market] = (await loadDriftMarkets(ctx.db, [followId]))
    .map(judgeMarket)
    .filter((one) => one.symbol === symbol && one.drift?.way === 'reduces')
  if (market === undefined) throw new AppError('CONFLICT', 'Nothing of this market is too much')
  if (market.isUnderWay) throw new AppError('CONFLICT', 'Something is under way in this market. Try again when it is over.')
  const signalId = await ctx.db.transaction(async (tx) => {
    const [drift] = await tx.query<{ id: string; repairs: number }>(
      `SELECT id, repairs FROM copy_drift WHERE follow_id = $1 AND user_id = $2 AND symbol = $3 AND position_side = $4 AND ended_at IS NULL FOR UPDATE`,
      [followId, userId, symbol, market.positionSide],
    )
    if (!drift) throw new AppError('CONFLICT', 'This has not been seen for long enough yet')
    await sendRepairs(tx, ctx, [{ market, driftId: drift.id, round: drift.repairs + 1 }])
    const [sent] = await tx.query<{ id: string | null }>('SELECT last_repair_signal_id AS id FROM copy_drift WHERE id = $1', [drift.id])
    return sent?.id ?? null
  })
  if (signalId === null) throw new AppError('CONFLICT', 'It is being repaired already')
  ctx.doorbell.ring('dispatch')
  return { signalId }
}

import { AppError, FOLLOW_REPAIR_DEFAULT, type CopyDriftView, type DriftView, type FollowSettings } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { ServiceContext } from '../context.ts'
import { isoOrNull, plain } from '../plain.ts'
import { loadDriftMarkets } from './drift-rows.ts'
import { judgeMarket } from './drift-judge.ts'
import { DRIFT_GRACE_S } from './drift-watch.ts'

type DriftRow = Pick<
  DriftView,
  'id' | 'symbol' | 'positionSide' | 'targetBase' | 'actualBase' | 'way' | 'cause' | 'doubt' | 'repairs' | 'lastRepairSignalId'
> & {
  readonly since: Date
  readonly endedAt: Date | null
  readonly lastRepairAt: Date | null
  readonly repair: FollowSettings['repair']
}

const DRIFTS_MAX = 50
const SAMPLES_MAX = 500

/** @throws AppError NOT_FOUND */
export async function getCopyDrift({
  ctx,
  input,
}: {
  ctx: Pick<ServiceContext, 'db' | 'timings' | 'clock'>
  input: { userId: string; followId: string }
}): Promise<CopyDriftView> {
  const { db } = ctx
  const values = [input.followId, input.userId]
  const [own] = await db.query('SELECT 1 FROM follow WHERE id = $1 AND user_id = $2', values)
  if (!own) throw new AppError('NOT_FOUND', 'There is no such follow')
  const markets = (await loadDriftMarkets(ctx, [input.followId])).map((market) => judgeMarket(market, ctx.clock.now()))
  const drifts = await db.query<DriftRow>(
    `SELECT d.id, d.symbol, d.position_side AS "positionSide", d.target_base AS "targetBase", d.actual_base AS "actualBase", d.way, d.cause, d.doubt, d.repairs, d.since,
            d.ended_at AS "endedAt", d.last_repair_at AS "lastRepairAt", d.last_repair_signal_id AS "lastRepairSignalId", coalesce(f.settings->>'repair', '${FOLLOW_REPAIR_DEFAULT}') AS repair
       FROM copy_drift d JOIN follow f ON f.id = d.follow_id WHERE d.follow_id = $1 AND d.user_id = $2 ORDER BY d.ended_at IS NOT NULL, d.since DESC LIMIT ${DRIFTS_MAX}`,
    values,
  )
  const samples = await db.query<{ symbol: string; at: Date; targetBase: string; actualBase: string }>(
    `SELECT symbol, at, target_base AS "targetBase", actual_base AS "actualBase" FROM copy_drift_sample WHERE follow_id = $1 AND user_id = $2 ORDER BY at DESC LIMIT ${SAMPLES_MAX}`,
    values,
  )
  return {
    markets: markets
      .filter(({ target, actual, drift }) => !target.isZero() || !actual.isZero() || drift !== null)
      .map(({ symbol, positionSide, target, actual, isUnderWay }) => ({
        symbol,
        positionSide,
        side: (actual.isZero() ? target : actual).isNegative() ? 'SHORT' : 'LONG',
        targetBase: target.toDecimalPlaces(18).toFixed(),
        actualBase: actual.toFixed(),
        isUnderWay,
      })),
    drifts: drifts.map(driftView),
    samples: samples.toReversed().map(({ symbol, at, targetBase, actualBase }) => ({
      symbol,
      at: at.toISOString(),
      targetBase: plain(targetBase),
      actualBase: plain(actualBase),
    })),
    graceSeconds: DRIFT_GRACE_S,
  }
}

function driftView({ repair, since, endedAt, lastRepairAt, ...row }: DriftRow): DriftView {
  const [target, actual] = [new Decimal(row.targetBase), new Decimal(row.actualBase)]
  const wanted = !actual.isZero() && target.isNegative() !== actual.isNegative() ? new Decimal(0) : target.abs()
  const drift = actual.abs().sub(wanted).abs()
  return {
    ...row,
    targetBase: target.toFixed(),
    actualBase: actual.toFixed(),
    driftBase: drift.toFixed(),
    driftPercent: wanted.isZero() ? null : drift.div(wanted).mul(100).toDecimalPlaces(4).toFixed(),
    since: since.toISOString(),
    endedAt: isoOrNull(endedAt),
    repairable: (row.way === 'reduces' ? repair !== 'ask' : repair === 'full') && row.doubt === null && endedAt === null,
    lastRepairAt: isoOrNull(lastRepairAt),
  }
}

import {
  AppError,
  type CopyFeeView,
  type FeeAmounts,
  type FollowerFees,
  type FollowFees,
  type HandedOverView,
  type PageMeta,
  type StrategyFees,
} from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { copyFees, type CopyFees } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { followerHandleSql } from '../follows/follower-handle.ts'
import { assertOwn } from '../follows/invites.ts'
import { isoOrNull, plain, plainOrNull } from '../plain.ts'
import { BEGINS_BELOW, feeBases, type BasisOf } from './fee-basis.ts'

/** A follow, what it agreed to and how far it is settled. */
interface FollowRow {
  readonly id: string
  readonly profitSharePercent: string
  readonly managementPercent: string
  readonly joinedAt: Date
  readonly stoppedAt: Date | null
  readonly settledTo: Date | null
  readonly lastPeriod: string | null
  readonly highWaterMark: string
  readonly continuesId: string | null
  readonly beginsBelow: string | null
  readonly now: Date
}

interface FeeRow {
  readonly id: string
  readonly period: string
  readonly from: Date
  readonly to: Date
  readonly at: Date
  readonly profit: string
  readonly highWaterBefore: string
  readonly highWaterAfter: string
  readonly profitSharePercent: string
  readonly profitShare: string
  readonly equityDays: string
  readonly managementPercent: string
  readonly management: string
}

const FOLLOW = `f.id, f.profit_share_percent AS "profitSharePercent", f.management_percent AS "managementPercent", f.joined_at AS "joinedAt", f.stopped_at AS "stoppedAt",
  last.to_at AS "settledTo", last.period AS "lastPeriod", coalesce(last.high_water_after, ${BEGINS_BELOW}, 0)::text AS "highWaterMark",
  f.continues_id AS "continuesId", ${BEGINS_BELOW}::text AS "beginsBelow", clock_timestamp() AS now`

const LAST_FEE = `LEFT JOIN LATERAL (SELECT c.to_at, c.period, c.high_water_after FROM copy_fee c WHERE c.follow_id = f.id ORDER BY c.to_at DESC, c.period DESC LIMIT 1) AS last ON true`

/** @throws AppError NOT_FOUND */
export async function readFollowFees({ db, input }: { db: Queryable; input: { userId: string; followId: string } }): Promise<FollowFees> {
  const { userId, followId } = input
  const [follow] = await db.query<FollowRow>(`SELECT ${FOLLOW} FROM follow f ${LAST_FEE} WHERE f.id = $1 AND f.user_id = $2`, [
    followId,
    userId,
  ])
  if (!follow) throw new AppError('NOT_FOUND', 'There is no such follow')
  const rows = await db.query<FeeRow>(
    `SELECT id, period, from_at AS "from", to_at AS "to", created_at AS at, profit, high_water_before AS "highWaterBefore", high_water_after AS "highWaterAfter",
            profit_share_percent AS "profitSharePercent", profit_share AS "profitShare", equity_days AS "equityDays", management_percent AS "managementPercent", management
       FROM copy_fee WHERE follow_id = $1 AND user_id = $2 ORDER BY to_at DESC, period DESC`,
    [followId, userId],
  )
  const [accrued] = await accruedOf(db, [follow])
  const sum = (of: (row: FeeRow) => string) => rows.reduce((total, row) => total.add(of(row)), new Decimal(0)).toFixed()
  return {
    followId,
    terms: termsOf(follow),
    goesOnFrom: follow.continuesId === null ? null : { followId: follow.continuesId, below: plainOrNull(follow.beginsBelow) },
    accrued: accrued ?? null,
    charged: amounts({ profitShare: sum((row) => row.profitShare), management: sum((row) => row.management) }),
    fees: rows.map(feeView),
    handedOver: await readHandedOver(db, input),
  }
}

async function readHandedOver(db: Queryable, { userId, followId }: { userId: string; followId: string }): Promise<HandedOverView[]> {
  const rows = await db.query<Omit<HandedOverView, 'pricedAt' | 'at'> & { readonly pricedAt: Date | null; readonly at: Date }>(
    `SELECT symbol, quantity_base AS "quantityBase", entry_price AS "entryPrice", price, priced_at AS "pricedAt", profit, at
       FROM handed_over WHERE follow_id = $1 AND user_id = $2 ORDER BY at, symbol`,
    [followId, userId],
  )
  return rows.map(({ symbol, quantityBase, entryPrice, price, pricedAt, profit, at }) => ({
    symbol,
    quantityBase: plain(quantityBase),
    entryPrice: plainOrNull(entryPrice),
    price: plain(price),
    pricedAt: isoOrNull(pricedAt),
    profit: plain(profit),
    at: at.toISOString(),
  }))
}

/** By follow, in their order; null where nothing accrues any more. */
async function accruedOf(db: Queryable, follows: readonly FollowRow[]): Promise<FollowFees['accrued'][]> {
  const wanted = follows.flatMap((follow): BasisOf[] => {
    if (follow.lastPeriod === 'final') return []
    const from = follow.settledTo ?? follow.joinedAt
    const end = follow.stoppedAt ?? follow.now
    return [{ followId: follow.id, from, to: end < from ? from : end, tradesTo: null }]
  })
  const bases = await feeBases(db, wanted)
  return follows.map((follow) => {
    const asked = wanted.find(({ followId }) => followId === follow.id)
    const basis = bases.get(follow.id)
    if (asked === undefined || basis === undefined) return null
    const fees = copyFees(follow, { ...basis, highWaterMark: follow.highWaterMark })
    return {
      from: asked.from.toISOString(),
      to: asked.to.toISOString(),
      profit: plain(basis.profit),
      highWaterBefore: plain(follow.highWaterMark),
      highWaterAfter: plain(fees.highWaterMark),
      equityDays: plain(basis.equityDays),
      amounts: amounts(fees),
    }
  })
}

function termsOf({ profitSharePercent, managementPercent }: { profitSharePercent: string; managementPercent: string }) {
  return { profitSharePercent: plain(profitSharePercent), managementPercent: plain(managementPercent) }
}

function amounts({ profitShare, management }: Pick<CopyFees, 'profitShare' | 'management'>): FeeAmounts {
  return { profitShare: plain(profitShare), management: plain(management), total: new Decimal(profitShare).add(management).toFixed() }
}

function feeView(row: FeeRow): CopyFeeView {
  return {
    id: row.id,
    period: row.period,
    from: row.from.toISOString(),
    to: row.to.toISOString(),
    at: row.at.toISOString(),
    profit: plain(row.profit),
    highWaterBefore: plain(row.highWaterBefore),
    highWaterAfter: plain(row.highWaterAfter),
    equityDays: plain(row.equityDays),
    terms: termsOf(row),
    amounts: amounts(row),
  }
}

interface OfStrategy {
  readonly userId: string
  readonly strategyId: string
  readonly page: number
  readonly limit: number
}

type FollowerRow = FollowRow &
  Pick<FollowerFees, 'handle' | 'environment' | 'state'> & { readonly chargedShare: string; readonly chargedManagement: string }

/** The leader's side of the books. @throws AppError NOT_FOUND */
export async function readStrategyFees({
  db,
  input,
}: {
  db: Queryable
  input: OfStrategy
}): Promise<{ view: StrategyFees; meta: PageMeta }> {
  const { userId, strategyId, page, limit } = input
  await assertOwn(db, input)
  const [[terms], charged, [count], rows] = await Promise.all([
    db.query<{ profitSharePercent: string; managementPercent: string }>(
      'SELECT profit_share_percent AS "profitSharePercent", management_percent AS "managementPercent" FROM strategy WHERE id = $1 AND user_id = $2',
      [strategyId, userId],
    ),
    db.query<{ environment: 'PAPER' | 'DEMO' | 'LIVE'; profitShare: string; management: string; followers: number }>(
      `SELECT a.environment, sum(c.profit_share)::text AS "profitShare", sum(c.management)::text AS management, count(DISTINCT c.follow_id)::int AS followers
         FROM copy_fee c JOIN follow f ON f.id = c.follow_id JOIN account a ON a.id = f.account_id
        WHERE c.strategy_id = $1 AND c.leader_id = $2 GROUP BY a.environment ORDER BY a.environment`,
      [strategyId, userId],
    ),
    db.query<{ total: number }>('SELECT count(*)::int AS total FROM follow WHERE strategy_id = $1', [strategyId]),
    db.query<FollowerRow>(
      `SELECT ${FOLLOW}, ${followerHandleSql('f.id')} AS handle, a.environment, f.state,
              coalesce(paid.share, 0)::text AS "chargedShare", coalesce(paid.management, 0)::text AS "chargedManagement"
         FROM follow f JOIN account a ON a.id = f.account_id ${LAST_FEE}
         LEFT JOIN LATERAL (SELECT sum(c.profit_share) AS share, sum(c.management) AS management FROM copy_fee c WHERE c.follow_id = f.id) AS paid ON true
        WHERE f.strategy_id = $1 ORDER BY f.created_at DESC, f.id LIMIT $2 OFFSET $3`,
      [strategyId, limit, (page - 1) * limit],
    ),
  ])
  if (!terms) throw new AppError('NOT_FOUND', 'There is no such strategy')
  const accrued = await accruedOf(db, rows)
  const view = {
    terms: termsOf(terms),
    charged: charged.map(({ environment, followers, ...sums }) => ({ environment, followers, ...amounts(sums) })),
    followers: rows.map((row, index) => ({
      handle: row.handle,
      environment: row.environment,
      state: row.state,
      terms: termsOf(row),
      accrued: accrued[index]?.amounts ?? null,
      charged: amounts({ profitShare: row.chargedShare, management: row.chargedManagement }),
      lastPeriod: row.lastPeriod,
    })),
  }
  return { view, meta: { page, limit, total: count?.total ?? 0 } }
}

import type { NewFact, Transaction } from '@matic/db'
import { copyFees, duePeriod, type CopyFees, type FeePeriod } from '@matic/domain'
import type { ServiceContext } from '../context.ts'
import { recordFollowFacts } from '../mail/mail-follow-news.ts'
import { BEGINS_BELOW, basisOf, feeBases, type Basis } from './fee-basis.ts'

interface Owing {
  readonly followId: string
  readonly userId: string
  readonly leaderId: string
  readonly strategyId: string
  readonly strategyName: string
  readonly profitSharePercent: string
  readonly managementPercent: string
  readonly joinedAt: Date
  readonly stoppedAt: Date | null
  readonly settledTo: Date | null
  readonly highWaterMark: string
  readonly isFlat: boolean
  readonly nowMs: number
}

interface Settled {
  readonly id: string
  readonly follow: Owing
  readonly period: FeePeriod
  readonly basis: Basis
  readonly fees: CopyFees
}

const FOLLOWS_AT_ONCE = 200

/**
 * Charges every period that is over and not charged yet: entries in our own books, no money moves. Each (follow, period) is charged once,
 * whoever else does so and whenever this was killed: a batch is one commit, and the row of a period can be written only once.
 * @returns how many periods were charged
 */
export async function settleFees({ ctx }: { ctx: ServiceContext }): Promise<number> {
  let charged = 0
  for (let after: string | null = null; ;) {
    const { last, settled, factIds } = await ctx.db.transaction(async (tx) => settleBatch(tx, ctx, after))
    if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
    charged += settled
    // A follow that owes several months is taken again: one period a time.
    if (settled === 0) after = last
    if (last === null) return charged
  }
}

async function settleBatch(tx: Transaction, ctx: ServiceContext, after: string | null) {
  const follows = await owing(tx, after)
  const due = follows.flatMap((follow) => {
    const { joinedAt, stoppedAt, settledTo, isFlat, nowMs } = follow
    const from = settledTo ?? joinedAt
    const span = { fromMs: from.getTime(), month: monthOf(from), stoppedAtMs: stoppedAt?.getTime() ?? null, isFlat }
    const period = duePeriod(span, nowMs)
    return period === null ? [] : [{ follow, period }]
  })
  const bases = await feeBases(
    tx,
    due.map(({ follow, period }) => basisOf(follow.followId, period)),
  )
  const settled = due.flatMap(({ follow, period }): Settled[] => {
    const basis = bases.get(follow.followId)
    if (basis === undefined) return []
    const fees = copyFees(follow, { ...basis, highWaterMark: follow.highWaterMark })
    return [{ id: ctx.newId(), follow, period, basis, fees }]
  })
  await write(tx, ctx, settled)
  const factIds = await recordFollowFacts(tx, ctx, settled.filter(({ fees }) => fees.total !== '0').map(chargedFact))
  return { last: follows.at(-1)?.followId ?? null, settled: settled.length, factIds }
}

/** In UTC. */
function monthOf(at: Date): { name: string; endMs: number } {
  return { name: at.toISOString().slice(0, 7), endMs: Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1) }
}

/**
 * Follows that may owe a period, held until the commit: those with a fee, and those that another goes on from, which waits until they are settled for good.
 */
async function owing(tx: Transaction, after: string | null): Promise<Owing[]> {
  return tx.query<Owing>(
    `SELECT f.id AS "followId", f.user_id AS "userId", s.user_id AS "leaderId", s.id AS "strategyId", s.name AS "strategyName",
            f.profit_share_percent AS "profitSharePercent", f.management_percent AS "managementPercent", f.joined_at AS "joinedAt", f.stopped_at AS "stoppedAt",
            last.to_at AS "settledTo", coalesce(last.high_water_after, ${BEGINS_BELOW}, 0)::text AS "highWaterMark", (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs",
            NOT EXISTS (SELECT 1 FROM holding p WHERE p.account_id = f.account_id AND p.route_id = f.route_id)
              AND NOT EXISTS (SELECT 1 FROM position_share ps WHERE ps.account_id = f.account_id AND ps.route_id = f.route_id AND ps.quantity_base <> 0)
              AND NOT EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = f.account_id AND o.route_id = f.route_id AND o.leg IN ('open', 'close', 'reduce', 'emergency')
                                AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL'))
              AND NOT EXISTS (SELECT 1 FROM trade t JOIN position p ON p.account_id = t.account_id AND p.symbol = t.symbol AND p.position_side = t.position_side AND p.route_id = f.route_id
                               WHERE t.user_id = f.user_id AND t.route_id = f.route_id AND t.closed_at IS NULL) AS "isFlat"
       FROM follow f JOIN strategy s ON s.id = f.strategy_id
       LEFT JOIN LATERAL (SELECT c.to_at, c.period, c.high_water_after FROM copy_fee c WHERE c.follow_id = f.id ORDER BY c.to_at DESC, c.period DESC LIMIT 1) AS last ON true
      WHERE (f.profit_share_percent > 0 OR f.management_percent > 0 OR EXISTS (SELECT 1 FROM follow n WHERE n.continues_id = f.id))
        AND (f.continues_id IS NULL OR last.period IS NOT NULL OR ${BEGINS_BELOW} IS NOT NULL) AND last.period IS DISTINCT FROM 'final' AND ($1::uuid IS NULL OR f.id > $1)
        AND (f.stopped_at < clock_timestamp() - interval '1 minute'
             OR coalesce(last.to_at, f.joined_at) < date_trunc('month', clock_timestamp() - interval '15 minutes', 'UTC'))
      ORDER BY f.id LIMIT ${FOLLOWS_AT_ONCE} FOR UPDATE OF f SKIP LOCKED`,
    [after],
  )
}

async function write(tx: Transaction, ctx: ServiceContext, settled: readonly Settled[]): Promise<void> {
  if (settled.length === 0) return
  await tx.query(
    `INSERT INTO copy_fee (id, follow_id, user_id, leader_id, strategy_id, period, from_at, to_at, profit, high_water_before, high_water_after,
                           profit_share_percent, profit_share, equity_days, management_percent, management)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::numeric[], $10::numeric[],
                          $11::numeric[], $12::numeric[], $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[])`,
    [
      settled.map(({ id }) => id),
      settled.map(({ follow }) => follow.followId),
      settled.map(({ follow }) => follow.userId),
      settled.map(({ follow }) => follow.leaderId),
      settled.map(({ follow }) => follow.strategyId),
      settled.map(({ period }) => period.period),
      settled.map(({ period }) => new Date(period.fromMs)),
      settled.map(({ period }) => new Date(period.toMs)),
      settled.map(({ basis }) => basis.profit),
      settled.map(({ follow }) => follow.highWaterMark),
      settled.map(({ fees }) => fees.highWaterMark),
      settled.map(({ follow }) => follow.profitSharePercent),
      settled.map(({ fees }) => fees.profitShare),
      settled.map(({ basis }) => basis.equityDays),
      settled.map(({ follow }) => follow.managementPercent),
      settled.map(({ fees }) => fees.management),
    ],
  )
  await writeEntries(tx, ctx, settled)
}

/** What the follower owes, and the same that the leader is owed. */
async function writeEntries(tx: Transaction, ctx: ServiceContext, settled: readonly Settled[]): Promise<void> {
  const entries = settled.flatMap(({ id, follow, fees }) =>
    [
      { feeId: id, kind: 'PROFIT_SHARE', amount: fees.profitShare },
      { feeId: id, kind: 'MANAGEMENT', amount: fees.management },
    ]
      .filter(({ amount }) => amount !== '0')
      .flatMap((entry) => [
        { ...entry, userId: follow.userId, amount: `-${entry.amount}` },
        { ...entry, userId: follow.leaderId },
      ]),
  )
  if (entries.length === 0) return
  await tx.query(
    `INSERT INTO copy_fee_entry (id, fee_id, user_id, kind, amount) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::numeric[])`,
    [
      entries.map(() => ctx.newId()),
      entries.map(({ feeId }) => feeId),
      entries.map(({ userId }) => userId),
      entries.map(({ kind }) => kind),
      entries.map(({ amount }) => amount),
    ],
  )
}

function chargedFact({ follow, period, fees }: Settled): NewFact {
  const { followId, userId, strategyName } = follow
  const payload = {
    followId,
    strategy: strategyName,
    period: period.period,
    fee: fees.total,
    profitShare: fees.profitShare,
    management: fees.management,
  }
  return { userId, kind: 'settings-changed', entity: 'copy-fee', entityId: followId, payload }
}

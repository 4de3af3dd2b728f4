import type { Queryable } from '@matic/db'
import { turnOf } from '../dispatch/turn.ts'
import { isMirrored } from '../mirror/mirrored.ts'
import type { ExecutionContext } from './context.ts'
import { isHeld } from './fan-out-stops.ts'
import type { HeldLane } from './lane.ts'
import { LANE_IS_FREE, LIVE_WORKERS } from './worker-lock.ts'

export interface ClaimInput {
  readonly owner: string
  /** Accounts this process works on right now. */
  readonly active: readonly string[]
  readonly limit: number
  /** Of these alone; of all when left out. */
  readonly exchanges?: readonly string[]
}

interface ClaimedLanes {
  readonly lanes: HeldLane[]
  /** Database time, ms, that their leases count from. */
  readonly nowMs: number
}

/** Accounts with something to send, to look up, to cancel or to protect, the most pressing first; of one alert's in the order of their turns. */
const work = ({ timings }: ExecutionContext): string => `
  SELECT account_id, min(urgency) AS urgency, min(turn) AS turn FROM (
    SELECT o.account_id, o.priority AS urgency, ${turnOf('o.signal_id', 'o.account_id')} AS turn FROM trade_order o LEFT JOIN trade_order d ON d.id = o.depends_on_id LEFT JOIN fan_out fo ON fo.id = o.fan_out_id
     WHERE o.state = 'READY' AND (o.not_before IS NULL OR o.not_before <= clock_timestamp()) AND (o.cancel_requested_at IS NOT NULL OR NOT ${isHeld('o', 'fo')})
       AND (o.cancel_requested_at IS NOT NULL OR d.id IS NULL OR d.state NOT IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL'))
    UNION ALL
    SELECT a.account_id, 1, 0 FROM attempt a
     WHERE a.state IN ('SUBMITTING', 'UNKNOWN') AND a.resolved_at IS NULL AND (a.next_lookup_at IS NULL OR a.next_lookup_at <= clock_timestamp())
    UNION ALL
    SELECT o.account_id, 1, 0 FROM trade_order o
     WHERE o.state IN ('ACKED', 'PARTIAL') AND o.cancel_requested_at IS NOT NULL AND (o.not_before IS NULL OR o.not_before <= clock_timestamp())
    UNION ALL
    SELECT p.account_id, 1, 0 FROM position p
     WHERE p.quantity_base > 0 AND p.protection IN ('PROTECTING', 'EMERGENCY') AND NOT ${comesAgain('p', timings.protectionLimitMs)}
  ) AS work GROUP BY account_id`

/** Its stop or target is there and waits for its time; what is unprotected for too long waits for nothing. */
function comesAgain(p: string, protectionLimitMs: number): string {
  return `(${p}.protection = 'PROTECTING' AND coalesce(${p}.unprotected_since > clock_timestamp() - make_interval(secs => ${protectionLimitMs / 1000}), true)
    AND EXISTS (SELECT 1 FROM trade_order w WHERE w.account_id = ${p}.account_id AND w.symbol = ${p}.symbol AND w.state = 'READY'
                   AND w.leg IN ('stop', 'target', 'trailing') AND w.not_before > clock_timestamp()))`
}

/** Takes lanes that have work and belong to nobody, with a new fence each. Only lanes of accounts whose key opens, or that have something to end. */
export async function claimWorkLanes(db: Queryable, ctx: ExecutionContext, input: ClaimInput): Promise<ClaimedLanes> {
  return claim(db, ctx, input, `SELECT w.account_id, w.urgency, w.turn FROM (${work(ctx)}) AS w`, 'w.urgency, w.turn', ', is_calm = false')
}

const CANDIDATES_MAX = 200
/** Rounds of quiet accounts between two whole readings of one that is calm: what only they show (transfers that cancel out, orders left behind) waits so long. */
const CALM_ROUNDS = 10

/** Due to be compared with the exchange, and nothing to send: those with work go through the other door first. */
const DUE = `r.reconcile_at <= clock_timestamp() AND a.key_status IN ('VALID', 'FROZEN')
  AND NOT EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = r.account_id AND o.state = 'READY' AND (o.not_before IS NULL OR o.not_before <= clock_timestamp()))`

/** A look is enough: nobody asks for more, nobody copies it, and its ledger was read not long ago. */
function isCalm(ctx: ExecutionContext): string {
  const calmSeconds = (CALM_ROUNDS * ctx.timings.reconcileIdleMs) / 1000
  return `(r.is_calm AND r.reconcile_at > 'epoch' AND a.is_active AND NOT ${isMirrored('r.account_id')} AND EXISTS (
    SELECT 1 FROM account_state s WHERE s.account_id = r.account_id AND to_timestamp(s.income_cursor::float8 / 1000.0) > clock_timestamp() - make_interval(secs => ${calmSeconds})))`
}

/** Rounds of an account that holds something between two whole readings. */
const GLANCE_ROUNDS = 5

const HOLDS = `EXISTS (SELECT 1 FROM position p WHERE p.account_id = r.account_id AND p.quantity_base > 0)`

/** Nobody asks for more than its list of positions, and no order of ours fills bit by bit. */
const IS_QUIET = `(r.reconcile_at > 'epoch' AND NOT EXISTS (
  SELECT 1 FROM trade_order w WHERE w.account_id = r.account_id AND w.state IN ('ACKED', 'PARTIAL') AND w.type IN ('market', 'limit')))`

/** Its list of positions is enough: it was read whole not long ago. */
function wasReadLately({ timings }: ExecutionContext): string {
  return `(${IS_QUIET} AND EXISTS (
    SELECT 1 FROM account_state s WHERE s.account_id = r.account_id AND s.synced_at > clock_timestamp() - make_interval(secs => ${(GLANCE_ROUNDS * timings.reconcileBusyMs) / 1000})))`
}

/** Its list of positions is better than nothing: it is a round late, because there are many. */
function isLate({ timings }: ExecutionContext): string {
  return `(r.reconcile_at < clock_timestamp() - make_interval(secs => ${timings.reconcileBusyMs / 1000}) AND ${HOLDS} AND ${IS_QUIET})`
}

const IS_READ = `(a.is_active OR ${HOLDS} OR ${isMirrored('r.account_id')})`

const toRead = (which: string): string =>
  `SELECT r.account_id, r.reconcile_at FROM lane r JOIN account a ON a.id = r.account_id WHERE ${DUE} AND ${which} ORDER BY r.reconcile_at LIMIT ${CANDIDATES_MAX}`

/** Takes lanes whose account is due to be read whole. */
export async function claimDueLanes(db: Queryable, ctx: ExecutionContext, input: ClaimInput): Promise<ClaimedLanes> {
  return claim(db, ctx, input, toRead(`NOT ${isCalm(ctx)} AND NOT ${wasReadLately(ctx)} AND ${IS_READ}`), 'w.reconcile_at')
}

/** Takes lanes whose account is due and holds something: its positions are one request, and what many of these found is written together. */
export async function claimGlanceLanes(db: Queryable, ctx: ExecutionContext, input: ClaimInput): Promise<ClaimedLanes> {
  return claim(db, ctx, input, toRead(`NOT ${isCalm(ctx)} AND (${wasReadLately(ctx)} OR ${isLate(ctx)}) AND ${IS_READ}`), 'w.reconcile_at')
}

/** Takes lanes whose account is due and was calm: a look at it is one request, and what many looks found is written together. */
export async function claimCalmLanes(db: Queryable, ctx: ExecutionContext, input: ClaimInput): Promise<ClaimedLanes> {
  return claim(db, ctx, input, toRead(isCalm(ctx)), 'w.reconcile_at')
}

async function claim(
  db: Queryable,
  ctx: ExecutionContext,
  { owner, active, limit, exchanges }: ClaimInput,
  candidates: string,
  order: string,
  noted = '',
): Promise<ClaimedLanes> {
  if (limit <= 0) return { lanes: [], nowMs: 0 }
  const rows = await db.query<{ accountId: string; userId: string; exchange: string; fence: string; nowMs: number }>(
    `WITH live AS MATERIALIZED (${LIVE_WORKERS}),
     work AS MATERIALIZED (${candidates}),
     taken AS (
       SELECT l.account_id FROM lane l JOIN work w ON w.account_id = l.account_id JOIN account c ON c.id = l.account_id
        WHERE c.exchange = ANY($5) AND NOT EXISTS (SELECT 1 FROM unnest($2::uuid[]) AS mine(id) WHERE mine.id = l.account_id) AND ${LANE_IS_FREE}
        ORDER BY ${order} LIMIT $3 FOR UPDATE OF l SKIP LOCKED),
     moment AS (SELECT clock_timestamp() AS at FROM (SELECT count(*) FROM taken) AS locked)
     UPDATE lane SET owner = $1, fence = fence + 1, lease_until = moment.at + make_interval(secs => $4)${noted}
       FROM taken, moment, account a WHERE lane.account_id = taken.account_id AND a.id = lane.account_id
     RETURNING lane.account_id AS "accountId", a.user_id AS "userId", a.exchange, lane.fence, (extract(epoch FROM moment.at) * 1000)::float8 AS "nowMs"`,
    [owner, active, limit, ctx.timings.leaseMs / 1000, certifiedOf(ctx).filter((name) => exchanges?.includes(name) ?? true)],
  )
  return { lanes: rows.map(({ nowMs: _nowMs, ...row }) => ({ ...row, owner })), nowMs: Math.floor(rows[0]?.nowMs ?? 0) }
}

function certifiedOf(ctx: ExecutionContext): string[] {
  return [...ctx.exchanges].flatMap(([name, port]) => (port.capabilities.certified ? [name] : []))
}

/** Keeps the lanes this process works on, however long the exchange takes. A row that is locked is being renewed by the one who holds it. */
export async function renewLanes(ctx: ExecutionContext, lanes: readonly HeldLane[]): Promise<void> {
  if (lanes.length === 0) return
  await ctx.db.query(
    `WITH mine AS (
       SELECT l.account_id FROM lane l JOIN unnest($1::uuid[], $2::text[], $3::bigint[]) AS x(a, o, f) ON l.account_id = x.a AND l.owner = x.o AND l.fence = x.f
        ORDER BY l.account_id FOR UPDATE OF l SKIP LOCKED)
     UPDATE lane SET lease_until = greatest(lease_until, clock_timestamp() + make_interval(secs => $4)) FROM mine WHERE lane.account_id = mine.account_id`,
    [lanes.map((lane) => lane.accountId), lanes.map((lane) => lane.owner), lanes.map((lane) => lane.fence), ctx.timings.leaseMs / 1000],
  )
}

/** Gives a lane back in the middle of something; whoever takes it next reads what is left to do. */
export async function releaseLane(ctx: ExecutionContext, lane: HeldLane): Promise<void> {
  await ctx.db.query('UPDATE lane SET owner = NULL, lease_until = NULL WHERE account_id = $1 AND owner = $2 AND fence = $3', [
    lane.accountId,
    lane.owner,
    lane.fence,
  ])
}

/** Gives a lane back whose account is to be read whole as soon as its address may ask that much. */
export async function readLater(ctx: ExecutionContext, lane: HeldLane): Promise<void> {
  await ctx.db.query(
    `UPDATE lane SET owner = NULL, lease_until = NULL, reconcile_at = 'epoch' WHERE account_id = $1 AND owner = $2 AND fence = $3`,
    [lane.accountId, lane.owner, lane.fence],
  )
}

/** Milliseconds until the lease of a lane runs out whose owner is gone; `undefined` when there is none. */
export async function nextOrphanIn(ctx: ExecutionContext, owner: string): Promise<number | undefined> {
  const rows = await ctx.db.query<{ inMs: number | null }>(
    `WITH live AS MATERIALIZED (${LIVE_WORKERS})
     SELECT (extract(epoch FROM min(l.lease_until) - clock_timestamp()) * 1000)::float8 AS "inMs"
       FROM lane l WHERE l.owner <> $1 AND l.lease_until > clock_timestamp() AND NOT EXISTS (SELECT 1 FROM live WHERE live.id = l.owner)`,
    [owner],
  )
  return rows[0]?.inMs ?? undefined
}

import type { AccountHandle, ExchangePort } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'

/** A look at an account that found it as it was. */
export interface CalmLook {
  readonly lane: HeldLane
  /** Database ms, not later than the exchange was asked. */
  readonly askedAtMs: number
}

/** What we know of accounts that hold nothing: their wallet, quote, by account. */
export async function loadWallets(ctx: ExecutionContext, lanes: readonly HeldLane[]): Promise<ReadonlyMap<string, string>> {
  const rows = await ctx.db.query<{ accountId: string; walletBalance: string }>(
    `SELECT account_id AS "accountId", wallet_balance AS "walletBalance" FROM account_state WHERE account_id = ANY($1::uuid[])`,
    [lanes.map(({ accountId }) => accountId)],
  )
  return new Map(rows.map(({ accountId, walletBalance }) => [accountId, walletBalance]))
}

/**
 * Asks, in one request, whether an account that held nothing still holds nothing. Whatever is executed costs a fee, so that a wallet which is the
 * same to the last digit shows that nothing was, and no margin in use that no order rests which could open something.
 * @returns false where anything is different, or was not answered: the account is to be read whole
 */
export async function looksCalm(port: ExchangePort, handle: AccountHandle, walletBalance: string): Promise<boolean> {
  const look = await port.lookIn(handle)
  if (!look.ok) return false
  const { balance, isFlat } = look.value
  return isFlat && new Decimal(balance.walletBalance).eq(walletBalance) && new Decimal(balance.marginUsed).isZero()
}

/**
 * Writes down that these accounts were read just now and gives their lanes back, all in one statement.
 * @returns in their order: whether something is waiting to be done in the lane
 */
export async function recordCalm(ctx: ExecutionContext, looks: readonly CalmLook[]): Promise<boolean[]> {
  const rows = await ctx.db.query<{ accountId: string; hasWork: boolean }>(
    `WITH mine AS (
       SELECT l.account_id, x.at FROM lane l JOIN unnest($1::uuid[], $2::text[], $3::bigint[], $4::float8[]) AS x(a, o, f, at) ON l.account_id = x.a AND l.owner = x.o AND l.fence = x.f
        ORDER BY l.account_id FOR UPDATE OF l),
     seen AS (UPDATE account_state s SET synced_at = to_timestamp(mine.at / 1000.0) FROM mine WHERE s.account_id = mine.account_id)
     UPDATE lane SET owner = NULL, lease_until = NULL, 
            reconcile_at = CASE WHEN reconcile_at <= 'epoch' THEN reconcile_at ELSE clock_timestamp() + make_interval(secs => $5) END FROM mine WHERE lane.account_id = mine.account_id
     RETURNING lane.account_id AS "accountId", EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = lane.account_id AND o.state = 'READY') AS "hasWork"`,
    [...looksAsColumns(looks), ctx.timings.reconcileIdleMs / 1000],
  )
  const waiting = new Map(rows.map(({ accountId, hasWork }) => [accountId, hasWork]))
  return looks.map(({ lane }) => waiting.get(lane.accountId) ?? false)
}

/** Writes down that these accounts were read just now; their lanes stay held. @returns in their order */
export async function recordLooked(ctx: ExecutionContext, looks: readonly CalmLook[]): Promise<('recorded' | 'lost')[]> {
  const rows = await ctx.db.query<{ accountId: string }>(
    `WITH mine AS (
       SELECT l.account_id, x.at FROM lane l JOIN unnest($1::uuid[], $2::text[], $3::bigint[], $4::float8[]) AS x(a, o, f, at) ON l.account_id = x.a AND l.owner = x.o AND l.fence = x.f
        ORDER BY l.account_id FOR UPDATE OF l)
     UPDATE account_state s SET synced_at = to_timestamp(mine.at / 1000.0) FROM mine WHERE s.account_id = mine.account_id RETURNING s.account_id AS "accountId"`,
    looksAsColumns(looks),
  )
  const held = new Set(rows.map(({ accountId }) => accountId))
  return looks.map(({ lane }) => (held.has(lane.accountId) ? 'recorded' : 'lost'))
}

function looksAsColumns(looks: readonly CalmLook[]): unknown[] {
  const lanes = looks.map(({ lane }) => lane)
  return [
    lanes.map(({ accountId }) => accountId),
    lanes.map(({ owner }) => owner),
    lanes.map(({ fence }) => fence),
    looks.map(({ askedAtMs }) => askedAtMs),
  ]
}

import type { PortfolioView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { equityCurve, Exact, mergeEquity, type CurvePoint } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import { plain } from '../plain.ts'
import { chosenAccounts } from './chosen-accounts.ts'
import { loadEquity, loadOpenings } from './load-equity.ts'

type Worth = PortfolioView['accounts'][number]
interface Row extends Omit<Worth, 'syncedAt'> {
  syncedAt: Date
}

const HOUR_MS = 3_600_000
const WINDOWS_HOURS = [24, 7 * 24, 30 * 24]

/** What the chosen accounts are worth, as last read. @throws AppError NO_ACCOUNT */
export async function getPortfolio({
  ctx,
  input,
}: {
  ctx: { readonly db: Queryable; readonly clock: { now(): number } }
  input: { userId: string; accountId: string | undefined }
}): Promise<PortfolioView> {
  const { db } = ctx
  const accountIds = (await chosenAccounts(db, input)).map((account) => account.id)
  const nowMs = ctx.clock.now()
  const [rows, openings, [today], samples] = await Promise.all([
    loadWorth(db, input.userId, accountIds),
    loadOpenings(db, accountIds),
    db.query<{ total: string }>(
      `SELECT coalesce(sum(amount), 0) AS total FROM ledger_entry
        WHERE user_id = $1 AND account_id = ANY($2::uuid[]) AND type <> 'TRANSFER' AND at >= date_trunc('day', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`,
      [input.userId, accountIds],
    ),
    loadEquity(db, { accountIds, step: 'hour', from: new Date(nowMs - 31 * 24 * HOUR_MS).toISOString(), to: undefined }),
  ])
  const accounts = rows.map((row) => worthOf(row, openings.get(row.accountId) ?? '0'))
  const total = (name: 'equity' | 'walletBalance' | 'available' | 'marginUsed' | 'unrealizedPnl' | 'netDeposits' | 'exposureQuote') =>
    accounts.reduce<Decimal>((sum, account) => sum.add(account[name]), new Exact(0))
  const equity = total('equity')
  const curve = equityCurve(mergeEquity([...samples.values()]))
  return {
    accounts,
    equity: equity.toFixed(),
    walletBalance: total('walletBalance').toFixed(),
    available: total('available').toFixed(),
    marginUsed: total('marginUsed').toFixed(),
    unrealizedPnl: total('unrealizedPnl').toFixed(),
    netDeposits: total('netDeposits').toFixed(),
    exposureQuote: total('exposureQuote').toFixed(),
    exposurePercent: equity.gt(0) ? total('exposureQuote').div(equity).mul(100).toDecimalPlaces(2).toFixed() : null,
    openPositions: accounts.reduce((sum, account) => sum + account.openPositions, 0),
    realizedToday: plain(today?.total ?? '0'),
    changes: WINDOWS_HOURS.map((hours) => changeSince(curve, { hours, nowMs, pnl: equity.sub(total('netDeposits')) })),
  }
}

function loadWorth(db: Queryable, userId: string, accountIds: readonly string[]): Promise<Row[]> {
  return db.query<Row>(
    `SELECT a.id AS "accountId", a.label, a.exchange, a.environment, s.equity, s.wallet_balance AS "walletBalance", s.available, s.margin_used AS "marginUsed",
            s.unrealized_pnl AS "unrealizedPnl", s.net_deposits AS "netDeposits", s.synced_at AS "syncedAt", coalesce(p.exposure, 0) AS "exposureQuote",
            coalesce(p.count, 0)::int AS "openPositions"
       FROM account a JOIN account_state s ON s.account_id = a.id
       LEFT JOIN LATERAL (SELECT sum(quantity_base * coalesce(mark_price, entry_price)) AS exposure, count(*) FROM position
                           WHERE account_id = a.id AND quantity_base > 0) AS p ON true
      WHERE a.user_id = $1 AND a.id = ANY($2::uuid[]) ORDER BY a.created_at, a.id`,
    [userId, accountIds],
  )
}

function worthOf(row: Row, opening: string): Worth {
  return {
    ...row,
    equity: plain(row.equity),
    walletBalance: plain(row.walletBalance),
    available: plain(row.available),
    marginUsed: plain(row.marginUsed),
    unrealizedPnl: plain(row.unrealizedPnl),
    netDeposits: new Exact(row.netDeposits).add(opening).toFixed(),
    exposureQuote: new Exact(row.exposureQuote).toDecimalPlaces(8).toFixed(),
    syncedAt: row.syncedAt.toISOString(),
  }
}

/** An account that is younger than the window counts from its beginning. */
function changeSince(
  curve: readonly CurvePoint[],
  { hours, nowMs, pnl }: { hours: number; nowMs: number; pnl: Decimal },
): PortfolioView['changes'][number] {
  const first = curve[0]
  if (first === undefined) return { hours, pnl: null, percent: null }
  const before = curve.findLast((point) => point.atMs <= nowMs - hours * HOUR_MS)
  const start = before ?? { pnl: new Exact(0), equity: first.netDeposits }
  const change = pnl.sub(start.pnl)
  return {
    hours,
    pnl: change.toFixed(),
    percent: start.equity.gt(0) ? change.div(start.equity).mul(100).toDecimalPlaces(4).toFixed() : null,
  }
}

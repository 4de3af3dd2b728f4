import { DEFAULT_RULES, type KeyStatus, type OrderState } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { effectiveRules } from '@matic/domain'
import type { MarketInfo } from '@matic/exchange/port'
import { resultColumns, resultOf, type ResultRow } from '../rules/result-columns.ts'
import { ruleColumns, rulesOf, type RulesRow } from '../rules/rule-columns.ts'
import type { ExecutionContext } from './context.ts'
import { stopColumns, stoppedBy, type StopsRow } from './fan-out-stops.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder, LaneView } from './lane-view.ts'
import { ATTEMPT_COLUMNS, ORDER_COLUMNS, POSITION_COLUMNS, SHARE_COLUMNS } from './rows.ts'
import type { AttemptRow, OrderRow, PositionRow } from './rows.ts'

interface AccountRow {
  id: string
  userId: string
  exchange: string
  isActive: boolean
  keyStatus: KeyStatus
  syncedAt: Date | null
  walletBalance: string | null
  entitled: boolean
  killSwitch: boolean
  nets: boolean
}

/** Nobody's account is without rules for long; until then it trades by those that everybody begins with. */
type StoredAccount = AccountRow & RulesRow & ResultRow & { hasRules: boolean }

/** Everything the next steps of these lanes depend on, in four statements however many lanes there are, and two more where some of them net. */
export async function loadLanes(
  tx: Transaction,
  ctx: ExecutionContext,
  lanes: readonly HeldLane[],
  nowMs: number,
): Promise<Map<string, LaneView>> {
  const ids = lanes.map((lane) => lane.accountId)
  const [accounts, allOrders, allAttempts, allPositions] = await Promise.all([
    loadAccounts(tx, ids),
    loadOrders(tx, ids),
    tx.query<AttemptRow>(
      `SELECT ${ATTEMPT_COLUMNS} FROM attempt a WHERE a.account_id = ANY($1::uuid[]) AND a.state IN ('SUBMITTING', 'UNKNOWN') AND a.resolved_at IS NULL ORDER BY a.number`,
      [ids],
    ),
    tx.query<PositionRow>(`SELECT ${POSITION_COLUMNS} FROM position p WHERE p.account_id = ANY($1::uuid[])`, [ids]),
  ])
  const orders = Map.groupBy(allOrders, (order) => order.accountId)
  const attempts = Map.groupBy(allAttempts, (attempt) => attempt.accountId)
  const positions = Map.groupBy(allPositions, (position) => position.accountId)

  const netting = accounts.filter(({ nets }) => nets).map(({ id }) => id)
  const shares = netting.length === 0 ? new Map<string, PositionRow[]>() : await loadShares(tx, netting)
  const triggered = netting.length === 0 ? new Set<string>() : await loadTriggered(tx, netting)

  const views = new Map<string, LaneView>()
  for (const account of accounts) {
    const own = orders.get(account.id) ?? []
    const held = positions.get(account.id) ?? []
    const symbols = new Set([
      ...own.map((order) => order.symbol),
      ...held.filter((position) => Number(position.quantityBase) > 0).map((position) => position.symbol),
    ])
    views.set(account.id, {
      nowMs,
      account: {
        id: account.id,
        userId: account.userId,
        exchange: account.exchange,
        isActive: account.isActive,
        keyStatus: account.keyStatus,
        certified: ctx.exchanges.get(account.exchange)?.capabilities.certified ?? false,
        syncedAtMs: account.syncedAt?.getTime() ?? null,
        walletBalance: account.walletBalance,
      },
      entitled: account.entitled,
      killSwitch: account.killSwitch,
      rules: account.hasRules ? rulesOf(account) : effectiveRules(DEFAULT_RULES, account.overrides),
      result: resultOf(account),
      orders: own,
      attempts: attempts.get(account.id) ?? [],
      positions: account.nets ? (shares.get(account.id) ?? []) : held,
      ...(account.nets && { wholes: held, triggered }),
      markets: await marketsOf(ctx, account.exchange, symbols),
      opensPausedUntilMs: ctx.circuit.pausedUntilMs(account.exchange),
      clockUsable: (ctx.clocks.get(account.exchange)?.errorMs ?? Infinity) <= ctx.timings.clockErrorMaxMs,
      trustReadingsSinceMs: nowMs - 2 * ctx.timings.reconcileIdleMs,
      timings: ctx.timings,
    })
  }
  return views
}

async function loadShares(tx: Transaction, ids: readonly string[]): Promise<Map<string, PositionRow[]>> {
  const rows = await tx.query<PositionRow>(`SELECT ${SHARE_COLUMNS} FROM position_share p WHERE p.account_id = ANY($1::uuid[])`, [ids])
  return Map.groupBy(rows, (share) => share.accountId)
}

/** The exchange fills a trigger by an order of its own, which is known a moment later. */
async function loadTriggered(tx: Transaction, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    `SELECT s.id FROM position_share s JOIN trade_order o ON o.account_id = s.account_id AND o.cause = 'position:' || s.id || ':' || s.epoch
      WHERE s.account_id = ANY($1::uuid[]) AND s.quantity_base <> 0 AND o.leg IN ('stop', 'target', 'trailing') AND o.state = 'FILLED'
        AND (o.filled_base = 0 OR o.filled_base <> (SELECT coalesce(sum(f.quantity_base), 0) FROM fill f WHERE f.order_id = o.id))
        AND o.ended_at > clock_timestamp() - interval '1 minute'`,
    [ids],
  )
  return new Set(rows.map(({ id }) => id))
}

function loadAccounts(tx: Transaction, ids: readonly string[]): Promise<StoredAccount[]> {
  return tx.query<StoredAccount>(
    `SELECT a.id, a.user_id AS "userId", a.exchange, a.is_active AS "isActive", a.key_status AS "keyStatus", s.synced_at AS "syncedAt", s.wallet_balance AS "walletBalance", a.shared_symbols = 'net' AS nets,
            coalesce(sub.status IN ('ACTIVE', 'TRIAL') AND sub.end_date > clock_timestamp() AND u.is_active, false) AS entitled,
            EXISTS (SELECT 1 FROM kill_switch k WHERE k.engaged AND k.scope IN ('GLOBAL', a.user_id::text)) AS "killSwitch",
            b.user_id IS NOT NULL AS "hasRules", ${ruleColumns('b')}, ar.overrides, ${resultColumns('s')}
       FROM account a
       JOIN app_user u ON u.id = a.user_id
       LEFT JOIN account_state s ON s.account_id = a.id
       LEFT JOIN subscription sub ON sub.user_id = a.user_id
       LEFT JOIN bot_settings b ON b.user_id = a.user_id
       LEFT JOIN account_rules ar ON ar.account_id = a.id
      WHERE a.id = ANY($1::uuid[])`,
    [ids],
  )
}

type StoredOrder = OrderRow & { dependsOnState: OrderState | null; overtaken: boolean } & StopsRow

async function loadOrders(tx: Transaction, ids: readonly string[]): Promise<LaneOrder[]> {
  const rows = await tx.query<StoredOrder>(
    `SELECT ${ORDER_COLUMNS}, d.state AS "dependsOnState", ${stopColumns('o', 'fo')},
            (o.leg = 'open' AND o.state = 'READY' AND EXISTS (
               SELECT 1 FROM signal mine, trade_order c JOIN signal later ON later.id = c.signal_id
                WHERE mine.id = o.signal_id AND c.account_id = o.account_id AND c.symbol = o.symbol AND c.position_side = o.position_side AND c.leg = 'close'
                  AND (c.route_id = o.route_id OR NOT EXISTS (SELECT 1 FROM account na WHERE na.id = o.account_id AND na.shared_symbols = 'net')) AND later.received_at > mine.received_at)) AS overtaken
       FROM trade_order o
       LEFT JOIN trade_order d ON d.id = o.depends_on_id
       LEFT JOIN fan_out fo ON fo.id = o.fan_out_id
      WHERE o.account_id = ANY($1::uuid[]) AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')`,
    [ids],
  )
  return rows.map(({ heldUntil, halted, breaker, ...order }) => ({
    ...order,
    notBefore: laterOf(order.notBefore, heldUntil),
    stopped: stoppedBy({ halted, breaker }),
  }))
}

function laterOf(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b
  return a > b ? a : b
}

async function marketsOf(ctx: ExecutionContext, exchange: string, symbols: ReadonlySet<string>): Promise<Map<string, MarketInfo>> {
  const markets = new Map<string, MarketInfo>()
  for (const symbol of symbols) {
    const market = await ctx.markets.find(exchange, symbol)
    if (market) markets.set(symbol, market)
  }
  return markets
}

import { randomUUID } from 'node:crypto'
import type { SignalSource } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { parseAlert } from '@matic/domain'
import { createClock, createIds, createRandom, createTimings, type Logger } from '@matic/platform'
import { clientOrderId } from '@matic/services/dispatch/client-order-id'
import type { DispatchContext } from '@matic/services/dispatch/index'
import { createDatabase } from '../database.ts'

const quiet: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined, child: () => quiet }
export const CLIENT_ORDER_ID_KEY = new Uint8Array(32).fill(7)
export const BTC = 'BTC/USDT:USDT'
export const ETH = 'ETH/USDT:USDT'

export interface Person {
  readonly userId: string
  readonly accountId: string
  readonly webhookId: string
  readonly routeId: string
  readonly manualRouteId: string
}

interface SignalFields {
  readonly source: SignalSource
  /** Against now, ms. */
  readonly receivedMs: number
  readonly alertMs: number
  /** Stored as it stands instead of what the body says. */
  readonly stored: unknown
}

export type Desk = Awaited<ReturnType<typeof createDesk>>

/** A private database with two markets on two exchanges, what dispatch needs, and hands to put people and alerts into it. */
export async function createDesk() {
  const database = await createDatabase()
  const db: Db = createDb({ databaseUrl: database.url, applicationName: 'dispatch test', poolSize: 6, onError: () => undefined })
  const clock = createClock()
  const random = createRandom()
  const published: string[] = []
  const ctx: DispatchContext = {
    db,
    clock,
    random,
    log: quiet,
    timings: createTimings(1),
    newId: createIds({ clock, random }),
    doorbell: { ring: () => undefined },
    bus: { publish: (channel, message) => void (channel === 'facts' && published.push(...('ids' in message ? message.ids : []))) },
    clientOrderId: (orderId) => clientOrderId(CLIENT_ORDER_ID_KEY, orderId),
    exchanges: new Map(
      ['PAPER', 'BINANCE'].map((exchange) => [
        exchange,
        { capabilities: { certified: true, trailing: exchange === 'PAPER' ? 'percent' : 'none' } },
      ]),
    ),
  }
  for (const exchange of ['PAPER', 'BINANCE']) {
    await db.query(
      `INSERT INTO market (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, max_quantity, min_notional, max_leverage, mark_price, mark_at, updated_at)
       VALUES ($1, 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', 0.1, 0.001, 0.001, 1000, 100, 125, 50000, now() + interval '1 hour', now()),
              ($1, 'ETH/USDT:USDT', 'ETHUSDT', 'ETH', 'USDT', 0.01, 0.001, 0.001, 9000, 20, 100, 2500, now() + interval '1 hour', now())`,
      [exchange],
    )
  }
  let sent = 0

  async function makePerson({ exchange = 'PAPER', environment = 'PAPER' } = {}): Promise<Person> {
    const [userId, accountId, webhookId, routeId, manualRouteId] = [
      randomUUID(),
      randomUUID(),
      randomUUID(),
      randomUUID(),
      randomUUID(),
    ] as const
    await db.query(
      `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified) VALUES ($1, $2, '-', 'T', true, true)`,
      [userId, `${userId}@test`],
    )
    await db.query(
      `INSERT INTO subscription (user_id, plan, status, start_date, end_date) VALUES ($1, 'MONTHLY', 'ACTIVE', now(), now() + interval '1 day')`,
      [userId],
    )
    await db.query(`INSERT INTO bot_settings (user_id) VALUES ($1)`, [userId])
    await db.query(`INSERT INTO account (id, user_id, exchange, environment, label, key_status) VALUES ($1, $2, $3, $4, 'A', 'VALID')`, [
      accountId,
      userId,
      exchange,
      environment,
    ])
    await db.query(`INSERT INTO lane (account_id) VALUES ($1)`, [accountId])
    await db.query(
      `INSERT INTO account_state (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, synced_at) VALUES ($1, $2, 10000, 10000, 0, 10000, 0, now())`,
      [accountId, userId],
    )
    await db.query(
      `INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1::uuid, $2, sha256($1::uuid::text::bytea), 'tail')`,
      [webhookId, userId],
    )
    await db.query(
      `INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1::uuid, $2::uuid, 'WEBHOOK', $3::uuid, $4::uuid), ($5::uuid, $2::uuid, 'MANUAL', $4::uuid, $4::uuid)`,
      [routeId, userId, webhookId, accountId, manualRouteId],
    )
    return { userId, accountId, webhookId, routeId, manualRouteId }
  }

  /** @param body text goes as it is, with the time that it says itself */
  async function send(to: Person, body: Record<string, unknown> | string, fields: Partial<SignalFields> = {}): Promise<string> {
    const id = ctx.newId()
    const rawBody = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    const parsed = parseAlert(rawBody)
    if (!parsed.ok) throw new Error(parsed.message)
    sent += 1
    const receivedAt = new Date(Date.now() + (fields.receivedMs ?? -5_000 + sent * 5))
    const saidMs = typeof body === 'string' ? parsed.alert.alertAtMs : null
    const alertAtMs = fields.alertMs === undefined ? saidMs : Date.now() + fields.alertMs
    const alertAt = alertAtMs === null ? null : new Date(alertAtMs)
    const alert = { ...parsed.alert, alertAtMs: alertAt?.getTime() ?? null }
    await db.query(
      `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, ticker, alert_at, alert) VALUES ($1, $2, $3, $4, $5, $6::bytea, sha256($6::bytea), $7, $8, $9)`,
      [
        id,
        to.userId,
        fields.source ?? 'WEBHOOK',
        fields.source === 'MANUAL' ? to.accountId : to.webhookId,
        receivedAt,
        rawBody,
        parsed.alert.ticker,
        alertAt,
        JSON.stringify(fields.stored ?? alert),
      ],
    )
    return id
  }

  async function decisionOf(signalId: string) {
    const rows = await db.query<{ outcome: string; intent: string; reason: string | null; numbers: Record<string, unknown> }>(
      'SELECT outcome, intent, reason, numbers FROM decision WHERE signal_id = $1',
      [signalId],
    )
    if (rows.length !== 1) throw new Error(`a signal has ${rows.length} decisions instead of one`)
    return rows[0]
  }

  async function ordersOf(signalId: string) {
    return db.query<{
      id: string
      leg: string
      side: string
      symbol: string
      state: string
      quantity: string | null
      depends: string | null
      cancelled: boolean
      reason: string | null
      cid: string
      stop: string | null
    }>(
      `SELECT id, leg, side, symbol, state, trim_scale(quantity_base)::text AS quantity, depends_on_id AS depends, cancel_requested_at IS NOT NULL AS cancelled, reason,
              client_order_id AS cid, trim_scale(stop_fraction)::text AS stop
         FROM trade_order WHERE signal_id = $1 ORDER BY priority, id`,
      [signalId],
    )
  }

  async function hold(of: Person, { side = 'LONG', quantity = '0.02', symbol = BTC, routeId = of.routeId } = {}): Promise<void> {
    await db.query(
      `INSERT INTO position (id, user_id, account_id, route_id, symbol, side, quantity_base, entry_price, margin, synced_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 50000, 100, now())`,
      [randomUUID(), of.userId, of.accountId, routeId, symbol, side, quantity],
    )
  }

  async function stateOf(signalId: string): Promise<string | undefined> {
    return (await db.query<{ state: string }>('SELECT state FROM signal WHERE id = $1', [signalId]))[0]?.state
  }

  /** As between two tests: nothing waits, no switch is on, prices are fresh. */
  async function tidy(): Promise<void> {
    published.length = 0
    await db.query(`UPDATE signal SET state = 'DEAD' WHERE state = 'RECEIVED'`)
    await db.query('DELETE FROM kill_switch')
    await db.query(`UPDATE market SET mark_at = now() + interval '1 hour'`)
  }

  async function drop(): Promise<void> {
    await db.close()
    await database.drop()
  }

  return { ctx, db, published, makePerson, send, decisionOf, ordersOf, hold, stateOf, tidy, drop }
}

import { randomUUID } from 'node:crypto'
import { createDb, type Db } from '@matic/db'
import { parseAlert } from '@matic/domain'
import { createClock, createIds, createRandom, createTimings, type Logger } from '@matic/platform'
import { createDatabase, type TestDatabase } from '@matic/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CLIENT_ORDER_ID, clientOrderId } from './client-order-id.ts'
import { dispatchSignals, type DispatchContext } from './dispatch-signals.ts'

const quiet: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined, child: () => quiet }
const key = new Uint8Array(32).fill(7)
const BTC = 'BTC/USDT:USDT'

interface Person {
  readonly userId: string
  readonly accountId: string
  readonly webhookId: string
  readonly routeId: string
  readonly manualRouteId: string
}

let database: TestDatabase
let db: Db
let ctx: DispatchContext
let person: Person
let published: string[] = []

beforeAll(async () => {
  database = await createDatabase()
  db = createDb({ databaseUrl: database.url, applicationName: 'dispatch test', poolSize: 6, onError: () => undefined })
  const clock = createClock()
  const random = createRandom()
  ctx = {
    db,
    clock,
    random,
    log: quiet,
    timings: createTimings(1),
    newId: createIds({ clock, random }),
    doorbell: { ring: () => undefined },
    bus: { publish: (channel, message) => void (channel === 'facts' && published.push(...('ids' in message ? message.ids : []))) },
    clientOrderId: (orderId) => clientOrderId(key, orderId),
    exchanges: new Map([
      ['PAPER', { capabilities: { certified: true } }],
      ['BINANCE', { capabilities: { certified: true } }],
    ]),
  }
  for (const exchange of ['PAPER', 'BINANCE']) {
    await db.query(
      `INSERT INTO market (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, max_quantity, min_notional, max_leverage, mark_price, mark_at, updated_at)
       VALUES ($1, 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', 0.1, 0.001, 0.001, 1000, 100, 125, 50000, now() + interval '1 hour', now()),
              ($1, 'ETH/USDT:USDT', 'ETHUSDT', 'ETH', 'USDT', 0.01, 0.001, 0.001, 9000, 20, 100, 2500, now() + interval '1 hour', now())`,
      [exchange],
    )
  }
})
afterAll(async () => {
  await db.close()
  await database.drop()
})
beforeEach(async () => {
  published = []
  person = await makePerson()
})
afterEach(async () => {
  await db.query(`DROP TRIGGER IF EXISTS refuse_some ON decision`)
  await db.query(`UPDATE signal SET state = 'DEAD' WHERE state = 'RECEIVED'`)
  await db.query('DELETE FROM kill_switch')
  await db.query(`UPDATE market SET mark_at = now() + interval '1 hour'`)
})

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
  await db.query(`INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1::uuid, $2, sha256($1::uuid::text::bytea), 'tail')`, [
    webhookId,
    userId,
  ])
  await db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1::uuid, $2::uuid, 'WEBHOOK', $3::uuid, $4::uuid), ($5::uuid, $2::uuid, 'MANUAL', $4::uuid, $4::uuid)`,
    [routeId, userId, webhookId, accountId, manualRouteId],
  )
  return { userId, accountId, webhookId, routeId, manualRouteId }
}

interface SignalFields {
  readonly source: 'WEBHOOK' | 'TEST' | 'MANUAL'
  /** Against now, ms. */
  readonly receivedMs: number
  readonly alertMs: number
  /** Stored as it stands instead of what the body says. */
  readonly stored: unknown
}

let clockMs = 0

async function send(to: Person, body: Record<string, unknown>, fields: Partial<SignalFields> = {}): Promise<string> {
  const id = ctx.newId()
  const rawBody = Buffer.from(JSON.stringify(body))
  const parsed = parseAlert(rawBody)
  if (!parsed.ok) throw new Error(parsed.message)
  clockMs += 5
  const receivedAt = new Date(Date.now() + (fields.receivedMs ?? -5_000 + clockMs))
  const alertAt = fields.alertMs === undefined ? null : new Date(Date.now() + fields.alertMs)
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

const buy = { action: 'buy', symbol: 'BTCUSDT', quantity: '0.01' }
const close = { action: 'close', symbol: 'BTCUSDT' }

async function decisionOf(signalId: string) {
  const rows = await db.query<{ outcome: string; intent: string; reason: string | null; numbers: Record<string, unknown> }>(
    'SELECT outcome, intent, reason, numbers FROM decision WHERE signal_id = $1',
    [signalId],
  )
  expect(rows).toHaveLength(1)
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

describe('an alert', () => {
  it('becomes one decision and one order that carries its size, protection and our id', async () => {
    const signal = await send(person, buy)
    expect(await dispatchSignals({ ctx })).toBe(1)
    expect(await decisionOf(signal)).toMatchObject({
      outcome: 'ORDERS',
      intent: 'open',
      reason: null,
      numbers: { quantityBase: '0.01', leverage: 10, availableQuote: '10000' },
    })
    const [order, ...more] = await ordersOf(signal)
    expect(more).toEqual([])
    expect(order).toMatchObject({ leg: 'open', side: 'buy', symbol: BTC, state: 'READY', quantity: '0.01', stop: '0.05' })
    expect(order?.cid).toMatch(CLIENT_ORDER_ID)
    expect(order?.cid).toBe(clientOrderId(key, order?.id ?? ''))
    expect(await stateOf(signal)).toBe('DISPATCHED')
    expect(published).toHaveLength(1)
  })

  it('is not decided twice, by however many processes', async () => {
    const signals = await Promise.all(Array.from({ length: 12 }, async () => send(await makePerson(), buy)))
    const counts = await Promise.all(Array.from({ length: 5 }, () => dispatchSignals({ ctx, input: { limit: 4 } })))
    while ((await dispatchSignals({ ctx })) > 0) continue
    expect(counts.every((count) => count <= 4)).toBe(true)
    for (const signal of signals) {
      await decisionOf(signal)
      expect(await ordersOf(signal)).toHaveLength(1)
    }
  })

  it('that was decided already brings no second order', async () => {
    const signal = await send(person, buy)
    await dispatchSignals({ ctx })
    await db.query(`UPDATE signal SET state = 'RECEIVED' WHERE id = $1`, [signal])
    await dispatchSignals({ ctx })
    await decisionOf(signal)
    expect(await ordersOf(signal)).toHaveLength(1)
  })

  it('by hand goes to the account it names, a test alert on a live account shows its decision only', async () => {
    const manual = await send(person, buy, { source: 'MANUAL' })
    const live = await makePerson({ exchange: 'BINANCE', environment: 'LIVE' })
    const test = await send(live, buy, { source: 'TEST' })
    await dispatchSignals({ ctx })
    expect(await ordersOf(manual)).toHaveLength(1)
    expect(await decisionOf(test)).toMatchObject({ outcome: 'BLOCKED', reason: 'TEST_ALERT_ON_LIVE', numbers: { quantityBase: '0.01' } })
    expect(await ordersOf(test)).toEqual([])
  })
})

describe('what stops opens', () => {
  it.each([
    ['the kill switch of everybody', `INSERT INTO kill_switch (scope, engaged) VALUES ('GLOBAL', true)`, 'KILL_SWITCH'],
    ['the kill switch of the owner', `INSERT INTO kill_switch (scope, engaged) VALUES ($1, true)`, 'KILL_SWITCH'],
    ['a bot switched off', 'UPDATE bot_settings SET is_enabled = false WHERE user_id::text = $1', 'BOT_DISABLED'],
    [
      'a subscription that ended',
      `UPDATE subscription SET end_date = now() - interval '1 minute' WHERE user_id::text = $1`,
      'NOT_ENTITLED',
    ],
    ['an account whose key fails', `UPDATE account SET key_status = 'INVALID' WHERE user_id::text = $1`, 'ACCOUNT_NOT_READY'],
    ['an account never read', 'DELETE FROM account_state WHERE user_id::text = $1', 'ACCOUNT_STALE'],
  ])('%s leaves closes alone', async (_name, sql, reason) => {
    await db.query(sql, sql.includes('$1') ? [person.userId] : [])
    await hold(person, { symbol: 'ETH/USDT:USDT' })
    const open = await send(person, buy)
    const exit = await send(person, { action: 'close', symbol: 'ETHUSDT' })
    await dispatchSignals({ ctx })
    expect(await decisionOf(open)).toMatchObject({ outcome: 'BLOCKED', reason })
    expect(await ordersOf(open)).toEqual([])
    expect(await ordersOf(exit)).toMatchObject([{ leg: 'close', quantity: null }])
  })

  it('a price that stands still', async () => {
    await db.query(`UPDATE market SET mark_at = now() - interval '5 minutes' WHERE exchange = 'PAPER' AND market_id = 'ETHUSDT'`)
    const signal = await send(person, { action: 'buy', symbol: 'ETHUSDT', quantity: '1' })
    await dispatchSignals({ ctx })
    expect(await decisionOf(signal)).toMatchObject({ outcome: 'BLOCKED', reason: 'PRICE_UNKNOWN' })
  })

  it('margin that the opens before it will take', async () => {
    const sizes = await Promise.all(
      ['BTCUSDT', 'ETHUSDT'].map((symbol, index) =>
        send(person, { action: 'buy', symbol, quantity: symbol === 'BTCUSDT' ? '1.2' : '24' }, { receivedMs: -1_000 + index }),
      ),
    )
    await dispatchSignals({ ctx })
    const reasons = await Promise.all(sizes.map(async (signal) => (await decisionOf(signal))?.reason))
    expect(reasons).toEqual([null, 'INSUFFICIENT_MARGIN'])
    const later = await send(person, { action: 'buy', symbol: 'ETHUSDT', quantity: '24' })
    await dispatchSignals({ ctx })
    expect(await decisionOf(later)).toMatchObject({ reason: 'INSUFFICIENT_MARGIN', numbers: { availableQuote: '4000' } })
  })
})

describe('alerts that follow each other', () => {
  it('a close right after its open, in one batch, takes the open back and still closes', async () => {
    const open = await send(person, buy)
    const exit = await send(person, close)
    await dispatchSignals({ ctx })
    expect(await ordersOf(open)).toMatchObject([{ leg: 'open', cancelled: true, reason: 'CANCELED_BY_FLAT' }])
    expect(await ordersOf(exit)).toMatchObject([{ leg: 'close', cancelled: false }])
  })

  it('a close right after its open, in the next batch, does the same', async () => {
    const open = await send(person, buy)
    await dispatchSignals({ ctx })
    const exit = await send(person, close)
    await dispatchSignals({ ctx })
    expect(await ordersOf(open)).toMatchObject([{ leg: 'open', cancelled: true, reason: 'CANCELED_BY_FLAT' }])
    expect(await ordersOf(exit)).toMatchObject([{ leg: 'close' }])
  })

  it('open, close and open again leave the last open standing', async () => {
    const [first, exit, second] = [await send(person, buy), await send(person, close), await send(person, buy)]
    await dispatchSignals({ ctx })
    expect(await ordersOf(first)).toMatchObject([{ cancelled: true }])
    expect(await ordersOf(exit)).toHaveLength(1)
    expect(await ordersOf(second)).toMatchObject([{ leg: 'open', cancelled: false, reason: null }])
    expect(await decisionOf(second)).toMatchObject({ intent: 'open' })
  })

  it('a reversal closes, and opens only after that', async () => {
    await hold(person)
    const signal = await send(person, {
      action: 'sell',
      symbol: 'BTCUSDT',
      market_position: 'short',
      market_position_size: '0.01',
      prev_market_position: 'long',
      contracts: '0.03',
    })
    await dispatchSignals({ ctx })
    const [first, second] = await ordersOf(signal)
    expect(first).toMatchObject({ leg: 'close', side: 'sell', depends: null })
    expect(second).toMatchObject({ leg: 'open', side: 'sell', quantity: '0.01', depends: first?.id })
  })

  it('a cancel clears what is working and nothing else', async () => {
    const limit = await send(person, { ...buy, type: 'limit', price: '40000' })
    await dispatchSignals({ ctx })
    const cancel = await send(person, { action: 'cancel', symbol: 'BTCUSDT' })
    await dispatchSignals({ ctx })
    expect(await ordersOf(limit)).toMatchObject([{ cancelled: true, reason: null }])
    expect(await decisionOf(cancel)).toMatchObject({ outcome: 'ORDERS', intent: 'cancel' })
    const again = await send(person, { action: 'cancel', symbol: 'BTCUSDT' })
    await dispatchSignals({ ctx })
    expect(await decisionOf(again)).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CANCEL' })
  })

  it('close all is one order a symbol', async () => {
    await hold(person)
    await hold(person, { symbol: 'ETH/USDT:USDT', side: 'SHORT' })
    const signal = await send(person, { action: 'close_all' })
    await dispatchSignals({ ctx })
    expect((await ordersOf(signal)).map((order) => [order.symbol, order.side]).toSorted()).toEqual([
      [BTC, 'sell'],
      ['ETH/USDT:USDT', 'buy'],
    ])
  })

  it('an open that was lost and came after its own close opens nothing', async () => {
    const [exit, late] = [await send(person, close, { alertMs: -8_000 }), await send(person, buy, { alertMs: -10_000 })]
    await dispatchSignals({ ctx })
    expect(await decisionOf(exit)).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CLOSE' })
    expect(await decisionOf(late)).toMatchObject({ outcome: 'BLOCKED', reason: 'SUPERSEDED' })

    const later = await send(person, buy, { alertMs: -9_000 })
    const fresh = await send(person, buy, { alertMs: -1_000 })
    await dispatchSignals({ ctx })
    expect(await decisionOf(later)).toMatchObject({ outcome: 'BLOCKED', reason: 'SUPERSEDED' })
    expect(await decisionOf(fresh)).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
  })

  it('what another source holds is neither opened nor closed, except by hand', async () => {
    await hold(person, { routeId: person.manualRouteId })
    const [open, exit, byHand] = [await send(person, buy), await send(person, close), await send(person, close, { source: 'MANUAL' })]
    await dispatchSignals({ ctx })
    expect(await decisionOf(open)).toMatchObject({ outcome: 'BLOCKED', reason: 'SYMBOL_OWNED' })
    expect(await decisionOf(exit)).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CLOSE' })
    expect(await ordersOf(byHand)).toHaveLength(1)
  })
})

describe('a signal that cannot be decided', () => {
  it('is set aside with its reason after some tries, and holds up nobody', async () => {
    const broken = await send(person, buy, { stored: { nonsense: true } })
    const other = await send(await makePerson(), buy)
    for (let round = 0; round < 5; round += 1) {
      expect(await stateOf(broken)).toBe('RECEIVED')
      await dispatchSignals({ ctx })
    }
    expect(await stateOf(broken)).toBe('DEAD')
    expect(await decisionOf(broken)).toMatchObject({ outcome: 'BLOCKED', intent: 'none', reason: 'DEAD', numbers: { tries: 5 } })
    expect(await ordersOf(other)).toHaveLength(1)
    expect(await dispatchSignals({ ctx })).toBe(0)
  })

  it('only because the database is busy is tried again and never set aside', async () => {
    await db.query(
      `CREATE OR REPLACE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '55P03'; END $$`,
    )
    await db.query(`CREATE TRIGGER refuse_some BEFORE INSERT ON decision FOR EACH ROW EXECUTE FUNCTION refuse_some()`)
    const signal = await send(person, buy)
    for (let round = 0; round < 6; round += 1) await dispatchSignals({ ctx })
    expect(await stateOf(signal)).toBe('RECEIVED')
    await db.query(`DROP TRIGGER refuse_some ON decision`)
    await dispatchSignals({ ctx })
    expect(await ordersOf(signal)).toHaveLength(1)
  })
})

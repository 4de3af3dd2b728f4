import { BTC, CLIENT_ORDER_ID_KEY, createDesk, ETH, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CLIENT_ORDER_ID, clientOrderId } from './client-order-id.ts'
import { dispatchSignals } from './dispatch-signals.ts'
import { claimSignals } from './load-batch.ts'

const buy = { action: 'buy', symbol: 'BTCUSDT', quantity: '0.01' }
const close = { action: 'close', symbol: 'BTCUSDT' }
let desk: Desk
let person: Person

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.tidy()
  person = await desk.makePerson()
})
afterAll(() => desk.drop())

describe('an alert', () => {
  it('becomes one decision and one order that carries its size, protection and our id', async () => {
    const signal = await desk.send(person, buy)
    expect(await dispatchSignals({ ctx: desk.ctx })).toBe(1)
    expect(await desk.decisionOf(signal)).toMatchObject({
      outcome: 'ORDERS',
      intent: 'open',
      reason: null,
      numbers: { quantityBase: '0.01', leverage: 10, availableQuote: '10000' },
    })
    const [order, ...more] = await desk.ordersOf(signal)
    expect(more).toEqual([])
    expect(order).toMatchObject({ leg: 'open', side: 'buy', symbol: BTC, state: 'READY', quantity: '0.01', stop: '0.05' })
    expect(order?.cid).toMatch(CLIENT_ORDER_ID)
    expect(order?.cid).toBe(clientOrderId(CLIENT_ORDER_ID_KEY, order?.id ?? ''))
    expect(await desk.stateOf(signal)).toBe('DISPATCHED')
    expect(desk.published).toHaveLength(1)
  })

  it('is not decided twice, by however many processes', async () => {
    const signals = await Promise.all(Array.from({ length: 12 }, async () => desk.send(await desk.makePerson(), buy)))
    const counts = await Promise.all(Array.from({ length: 5 }, () => dispatchSignals({ ctx: desk.ctx, input: { limit: 4 } })))
    while ((await dispatchSignals({ ctx: desk.ctx })) > 0) continue
    expect(counts.every((count) => count <= 4)).toBe(true)
    for (const signal of signals) {
      await desk.decisionOf(signal)
      expect(await desk.ordersOf(signal)).toHaveLength(1)
    }
  })

  it('waits while another process decides an earlier one of the same source, and holds up no other source', async () => {
    const first = await desk.send(person, buy)
    const second = await desk.send(person, close)
    const other = await desk.send(await desk.makePerson(), buy)
    await desk.db.transaction(async (tx) => {
      expect((await claimSignals(tx, { limit: 1 })).map((row) => row.id)).toEqual([first])
      expect(await dispatchSignals({ ctx: desk.ctx })).toBe(1)
      expect([await desk.stateOf(first), await desk.stateOf(second), await desk.stateOf(other)]).toEqual([
        'RECEIVED',
        'RECEIVED',
        'DISPATCHED',
      ])
    })
    expect(await dispatchSignals({ ctx: desk.ctx })).toBe(2)
    expect(await desk.ordersOf(second)).toMatchObject([{ leg: 'close' }])
  })

  it('that was decided already brings no second order', async () => {
    const signal = await desk.send(person, buy)
    await dispatchSignals({ ctx: desk.ctx })
    await desk.db.query(`UPDATE signal SET state = 'RECEIVED' WHERE id = $1`, [signal])
    await dispatchSignals({ ctx: desk.ctx })
    await desk.decisionOf(signal)
    expect(await desk.ordersOf(signal)).toHaveLength(1)
  })

  it('that was decided against stays decided', async () => {
    await desk.db.query(`INSERT INTO kill_switch (scope, engaged) VALUES ('GLOBAL', true)`)
    const signal = await desk.send(person, buy)
    await dispatchSignals({ ctx: desk.ctx })
    await desk.db.query('DELETE FROM kill_switch')
    await desk.db.query(`UPDATE signal SET state = 'RECEIVED' WHERE id = $1`, [signal])
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(signal)).toMatchObject({ outcome: 'BLOCKED', reason: 'KILL_SWITCH' })
    expect(await desk.ordersOf(signal)).toEqual([])
  })

  it('by hand goes to the account it names, a test alert on a live account shows its decision only', async () => {
    const manual = await desk.send(person, buy, { source: 'MANUAL' })
    const live = await desk.makePerson({ exchange: 'BINANCE', environment: 'LIVE' })
    const test = await desk.send(live, buy, { source: 'TEST' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.ordersOf(manual)).toHaveLength(1)
    expect(await desk.decisionOf(test)).toMatchObject({
      outcome: 'BLOCKED',
      reason: 'TEST_ALERT_ON_LIVE',
      numbers: { quantityBase: '0.01' },
    })
    expect(await desk.ordersOf(test)).toEqual([])
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
    await desk.db.query(sql, sql.includes('$1') ? [person.userId] : [])
    await desk.hold(person, { symbol: ETH })
    const open = await desk.send(person, buy)
    const exit = await desk.send(person, { action: 'close', symbol: 'ETHUSDT' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(open)).toMatchObject({ outcome: 'BLOCKED', reason })
    expect(await desk.ordersOf(open)).toEqual([])
    expect(await desk.ordersOf(exit)).toMatchObject([{ leg: 'close', quantity: null }])
  })

  it('a price that stands still', async () => {
    await desk.db.query(`UPDATE market SET mark_at = now() - interval '5 minutes' WHERE exchange = 'PAPER' AND market_id = 'ETHUSDT'`)
    const signal = await desk.send(person, { action: 'buy', symbol: 'ETHUSDT', quantity: '1' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(signal)).toMatchObject({ outcome: 'BLOCKED', reason: 'PRICE_UNKNOWN' })
  })

  it('margin that the opens before it will take', async () => {
    const sizes = await Promise.all(
      ['BTCUSDT', 'ETHUSDT'].map((symbol, index) =>
        desk.send(person, { action: 'buy', symbol, quantity: symbol === 'BTCUSDT' ? '1.2' : '24' }, { receivedMs: -1_000 + index }),
      ),
    )
    await dispatchSignals({ ctx: desk.ctx })
    const reasons = await Promise.all(sizes.map(async (signal) => (await desk.decisionOf(signal))?.reason))
    expect(reasons).toEqual([null, 'INSUFFICIENT_MARGIN'])
    const later = await desk.send(person, { action: 'buy', symbol: 'ETHUSDT', quantity: '24' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(later)).toMatchObject({ reason: 'INSUFFICIENT_MARGIN', numbers: { availableQuote: '4000' } })
  })
})

describe('alerts that follow each other', () => {
  it('a close right after its open, in one batch, takes the open back and still closes', async () => {
    const open = await desk.send(person, buy)
    const exit = await desk.send(person, close)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.ordersOf(open)).toMatchObject([{ leg: 'open', cancelled: true, reason: 'CANCELED_BY_FLAT' }])
    expect(await desk.ordersOf(exit)).toMatchObject([{ leg: 'close', cancelled: false }])
  })

  it('a close right after its open, in the next batch, does the same', async () => {
    const open = await desk.send(person, buy)
    await dispatchSignals({ ctx: desk.ctx })
    const exit = await desk.send(person, close)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.ordersOf(open)).toMatchObject([{ leg: 'open', cancelled: true, reason: 'CANCELED_BY_FLAT' }])
    expect(await desk.ordersOf(exit)).toMatchObject([{ leg: 'close' }])
  })

  it('open, close and open again leave the last open standing', async () => {
    const [first, exit, second] = [await desk.send(person, buy), await desk.send(person, close), await desk.send(person, buy)]
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.ordersOf(first)).toMatchObject([{ cancelled: true }])
    expect(await desk.ordersOf(exit)).toHaveLength(1)
    expect(await desk.ordersOf(second)).toMatchObject([{ leg: 'open', cancelled: false, reason: null }])
    expect(await desk.decisionOf(second)).toMatchObject({ intent: 'open' })
  })

  it('a reversal closes, and opens only after that', async () => {
    await desk.hold(person)
    const signal = await desk.send(person, {
      action: 'sell',
      symbol: 'BTCUSDT',
      market_position: 'short',
      market_position_size: '0.01',
      prev_market_position: 'long',
      contracts: '0.03',
    })
    await dispatchSignals({ ctx: desk.ctx })
    const [first, second] = await desk.ordersOf(signal)
    expect(first).toMatchObject({ leg: 'close', side: 'sell', depends: null })
    expect(second).toMatchObject({ leg: 'open', side: 'sell', quantity: '0.01', depends: first?.id })
  })

  it('a cancel clears what is working and nothing else', async () => {
    const limit = await desk.send(person, { ...buy, type: 'limit', price: '40000' })
    await dispatchSignals({ ctx: desk.ctx })
    const cancel = await desk.send(person, { action: 'cancel', symbol: 'BTCUSDT' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.ordersOf(limit)).toMatchObject([{ cancelled: true, reason: null }])
    expect(await desk.decisionOf(cancel)).toMatchObject({ outcome: 'ORDERS', intent: 'cancel' })
    const again = await desk.send(person, { action: 'cancel', symbol: 'BTCUSDT' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(again)).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CANCEL' })
  })

  it('close all is one order a symbol', async () => {
    await desk.hold(person)
    await desk.hold(person, { symbol: ETH, side: 'SHORT' })
    const signal = await desk.send(person, { action: 'close_all' })
    await dispatchSignals({ ctx: desk.ctx })
    expect((await desk.ordersOf(signal)).map((order) => [order.symbol, order.side]).toSorted()).toEqual([
      [BTC, 'sell'],
      [ETH, 'buy'],
    ])
  })

  it('an open that was lost and came after its own close opens nothing', async () => {
    const [exit, late] = [await desk.send(person, close, { alertMs: -8_000 }), await desk.send(person, buy, { alertMs: -10_000 })]
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(exit)).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CLOSE' })
    expect(await desk.decisionOf(late)).toMatchObject({ outcome: 'BLOCKED', reason: 'SUPERSEDED' })

    const later = await desk.send(person, buy, { alertMs: -9_000 })
    const fresh = await desk.send(person, buy, { alertMs: -1_000 })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(later)).toMatchObject({ outcome: 'BLOCKED', reason: 'SUPERSEDED' })
    expect(await desk.decisionOf(fresh)).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
  })

  it('what another source holds is neither opened nor closed, except by hand', async () => {
    await desk.hold(person, { routeId: person.manualRouteId })
    const [open, exit, byHand] = [
      await desk.send(person, buy),
      await desk.send(person, close),
      await desk.send(person, close, { source: 'MANUAL' }),
    ]
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.decisionOf(open)).toMatchObject({ outcome: 'BLOCKED', reason: 'SYMBOL_OWNED' })
    expect(await desk.decisionOf(exit)).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CLOSE' })
    expect(await desk.ordersOf(byHand)).toHaveLength(1)
  })
})

describe('a signal that cannot be decided', () => {
  it('is set aside with its reason after some tries, and holds up nobody', async () => {
    const broken = await desk.send(person, buy, { stored: { nonsense: true } })
    const other = await desk.send(await desk.makePerson(), buy)
    for (let round = 0; round < 5; round += 1) {
      expect(await desk.stateOf(broken)).toBe('RECEIVED')
      await dispatchSignals({ ctx: desk.ctx })
    }
    expect(await desk.stateOf(broken)).toBe('DEAD')
    expect(await desk.decisionOf(broken)).toMatchObject({ outcome: 'BLOCKED', intent: 'none', reason: 'DEAD', numbers: { tries: 5 } })
    expect(await desk.ordersOf(other)).toHaveLength(1)
    expect(await dispatchSignals({ ctx: desk.ctx })).toBe(0)
  })

  it('only because the database is busy is tried again and never set aside', async () => {
    await desk.db.query(
      `CREATE OR REPLACE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '55P03'; END $$`,
    )
    await desk.db.query(`CREATE TRIGGER refuse_some BEFORE INSERT ON decision FOR EACH ROW EXECUTE FUNCTION refuse_some()`)
    const signal = await desk.send(person, buy)
    for (let round = 0; round < 6; round += 1) await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.stateOf(signal)).toBe('RECEIVED')
    await desk.db.query(`DROP TRIGGER refuse_some ON decision`)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.ordersOf(signal)).toHaveLength(1)
  })
})

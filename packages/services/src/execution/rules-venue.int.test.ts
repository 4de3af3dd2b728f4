import { setTimeout as sleep } from 'node:timers/promises'
import type { ExchangeOrder } from '@matic/exchange/port'
import type { OrderPlan } from '@matic/domain'
import { parseAlert } from '@matic/domain'
import { clearOfMidnight } from '@matic/testkit/clear-of-midnight'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeOrder, outcomes, positionOf } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { publishMarks } from '../markets/publish-marks.ts'
import { refreshRanges } from '../markets/refresh-ranges.ts'

let venue: TestVenue
let bench: Bench
let one: TestWorker
let account: TestAccount

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale: 0.2 })
  one = await bench.worker()
})
beforeEach(async () => {
  await venue.faults({ rules: [] })
  await venue.pin('BTCUSDT', '60000')
  account = await openPaperAccount(one.ctx, venue.bank)
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

const NO_PLAN: OrderPlan = { targets: [], breakEven: null, trailing: null }
const port = () => {
  const found = one.ctx.exchanges.get('PAPER')
  if (!found) throw new Error('no way to the venue')
  return found
}

/** An open as dispatch would have written it for these rules. */
async function open(plan: Partial<OrderPlan>, fields: Parameters<typeof makeOrder>[2] = {}): Promise<void> {
  const id = await makeOrder(one.ctx, account, { quantityBase: '0.1', stopFraction: '0.05', targetFraction: '0.05', ...fields })
  await one.ctx.db.query('UPDATE trade_order SET plan = $2 WHERE id = $1', [id, JSON.stringify({ ...NO_PLAN, ...plan })])
}

async function resting(): Promise<readonly ExchangeOrder[]> {
  const handle = await one.ctx.keys.open(account.accountId)
  const listed = handle && (await port().fetchOpenOrders(handle))
  if (!listed?.ok) throw new Error('the venue did not answer')
  return listed.value
}
const brief = async () =>
  (await resting())
    .map(({ type, quantityBase, triggerPrice }) => `${type} ${quantityBase ?? 'all'} at ${triggerPrice ?? 'once'}`)
    .toSorted()
const position = () => positionOf(one.ctx.db, account)

async function round(): Promise<void> {
  await one.settle()
  await one.runner.reconcile()
  await one.runner.settled()
}

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`not in time: ${JSON.stringify([await outcomes(one.ctx.db, account), await position(), await brief()], null, 1)}`)
    await round()
    await sleep(20)
  }
}
const untilRests = async (...wanted: string[]) => until(async () => JSON.stringify(await brief()) === JSON.stringify(wanted.toSorted()))
const untilFlat = () => until(async () => (await position())?.quantity === '0' && (await resting()).length === 0)

/** Prices of the position's plan, for the entry that it really got. */
async function planned(): Promise<{ entry: Decimal; at: (fraction: string, up?: boolean) => string }> {
  const [row] = await one.ctx.db.query<{ entry: string }>('SELECT entry_price AS entry FROM position WHERE account_id = $1', [
    account.accountId,
  ])
  const entry = new Decimal(row?.entry ?? 0)
  return {
    entry,
    at: (fraction, up = false) => entry.mul(new Decimal(1).add(fraction)).div('0.1')[up ? 'ceil' : 'floor']().mul('0.1').toFixed(),
  }
}

describe('several targets', () => {
  const targets = [
    { fraction: '0.01', share: '0.5' },
    { fraction: '0.02', share: '0.3' },
  ]

  it('rest with their shares however the open fills, and shrink as they and closes take their part', async () => {
    await venue.faults({
      rules: [
        {
          name: 'parts',
          method: 'POST',
          path: '^/fapi/v1/order$',
          ref: account.accountId,
          probability: 1,
          times: 1,
          action: { kind: 'partial-fills', parts: 3, spacingMs: 150 },
        },
      ],
    })
    await open({ targets })
    await until(async () => (await position())?.quantity === '0.1')
    const { at } = await planned()
    const [stop, first, second, last] = [at('-0.05', true), at('0.01'), at('0.02'), at('0.05')]
    await untilRests(
      `stop-market all at ${stop}`,
      `take-profit-market 0.05 at ${first}`,
      `take-profit-market 0.03 at ${second}`,
      `take-profit-market all at ${last}`,
    )

    await venue.pin('BTCUSDT', '60700')
    await until(async () => (await position())?.quantity === '0.05')
    await untilRests(`stop-market all at ${stop}`, `take-profit-market 0.03 at ${second}`, `take-profit-market all at ${last}`)

    await makeOrder(one.ctx, account, { leg: 'reduce', reduceFraction: '0.5' })
    await untilRests(`stop-market all at ${stop}`, `take-profit-market 0.015 at ${second}`, `take-profit-market all at ${last}`)
    expect((await position())?.quantity).toBe('0.025')

    await venue.pin('BTCUSDT', '61300')
    await until(async () => (await position())?.quantity === '0.01')
    await venue.pin('BTCUSDT', '63500')
    await untilFlat()
    const filled = await one.ctx.db.query<{ level: number | null; base: string; own: string }>(
      `SELECT level, trim_scale(filled_base)::text AS base, trim_scale((SELECT sum(quantity_base) FROM fill f WHERE f.order_id = o.id))::text AS own
         FROM trade_order o WHERE account_id = $1 AND leg = 'target' AND state = 'FILLED' ORDER BY level NULLS LAST`,
      [account.accountId],
    )
    expect(filled).toEqual([
      { level: 1, base: '0.05', own: '0.05' },
      { level: 2, base: '0.015', own: '0.015' },
      { level: null, base: '0.01', own: '0.01' },
    ])
  })

  it('one that was reached before it could rest is taken at market', async () => {
    await open({ targets }, { targetFraction: null })
    await until(async () => (await brief()).length === 3)
    const { at } = await planned()
    await one.ctx.db.query(`UPDATE position SET plan = jsonb_set(plan, '{targets,0,price}', '"59000"') WHERE account_id = $1`, [
      account.accountId,
    ])
    await until(async () => (await position())?.quantity === '0.05')
    await untilRests(`stop-market all at ${at('-0.05', true)}`, `take-profit-market 0.03 at ${at('0.02')}`)
    expect((await outcomes(one.ctx.db, account)).filter(({ leg }) => leg === 'reduce')).toMatchObject([{ state: 'FILLED', filled: '0.05' }])
  })
})

describe('the stop', () => {
  it('goes to the entry when the first target has filled, without a moment without one', async () => {
    await open({ targets: [{ fraction: '0.01', share: '0.5' }], breakEven: { afterTarget: 1, fraction: null } })
    await until(async () => (await position())?.protection === 'PROTECTED' && (await brief()).length === 3)
    const { at } = await planned()
    const guards: number[] = []
    const watching = new AbortController()
    const watch = (async () => {
      while (!watching.signal.aborted) guards.push((await resting()).filter(({ type }) => type === 'stop-market').length)
    })()
    await venue.pin('BTCUSDT', '60800')
    await until(async () => (await position())?.stop === at('0', true) && (await position())?.protection === 'PROTECTED')
    await untilRests(`stop-market all at ${at('0', true)}`, `take-profit-market all at ${at('0.05')}`)
    watching.abort()
    await watch
    expect(guards.length).toBeGreaterThan(5)
    expect(Math.min(...guards)).toBeGreaterThanOrEqual(1)

    await venue.pin('BTCUSDT', '59900')
    await untilFlat()
  })

  it('goes to the entry at a profit, once: where its owner moves it then, it stays', async () => {
    await open({ breakEven: { afterTarget: null, fraction: '0.01' } })
    await until(async () => (await position())?.protection === 'PROTECTED')
    const { at } = await planned()
    await venue.pin('BTCUSDT', '60500')
    await round()
    expect((await position())?.stop).toBe(at('-0.05', true))
    await venue.pin('BTCUSDT', '60700')
    await untilRests(`stop-market all at ${at('0', true)}`, `take-profit-market all at ${at('0.05')}`)
    await one.ctx.db.query(`UPDATE position SET stop_price = 58000, protection = 'PROTECTING' WHERE account_id = $1`, [account.accountId])
    await untilRests(`stop-market all at 58000`, `take-profit-market all at ${at('0.05')}`)
    for (let count = 0; count < 5; count += 1) await round()
    expect((await position())?.stop).toBe('58000')
  })
})

describe('a trailing stop', () => {
  it('rests beside the stop, grows with the position by another one, and closes all when the price comes back', async () => {
    await open({ trailing: { percent: '1', activationFraction: '0.01' } })
    await until(async () => (await brief()).length === 3)
    const { at } = await planned()
    expect(await brief()).toContain(`trailing-stop-market 0.1 at ${at('0.01')}`)
    await makeOrder(one.ctx, account, { quantityBase: '0.05' })
    await until(async () => (await brief()).length === 4)
    expect((await brief()).filter((text) => text.startsWith('trailing'))).toHaveLength(2)

    await venue.pin('BTCUSDT', '61500')
    await round()
    await venue.pin('BTCUSDT', '62000')
    await round()
    expect((await position())?.quantity).toBe('0.15')
    await venue.pin('BTCUSDT', '61300')
    await untilFlat()
    expect(await outcomes(one.ctx.db, account)).toEqual(
      expect.arrayContaining([expect.objectContaining({ leg: 'trailing', state: 'FILLED', filled: '0.1' })]),
    )
  })
})

describe('through the decision', () => {
  let sent = 0
  let webhookId: string

  beforeEach(async () => {
    webhookId = one.ctx.newId()
    const { userId, accountId } = account
    await one.ctx.db.query(`INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, $3, 'tail')`, [
      webhookId,
      userId,
      Buffer.from(webhookId),
    ])
    await one.ctx.db.query(`INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, 'WEBHOOK', $3, $4)`, [
      one.ctx.newId(),
      userId,
      webhookId,
      accountId,
    ])
    await until(
      async () =>
        (await one.ctx.db.query('SELECT 1 FROM account_state WHERE account_id = $1 AND result IS NOT NULL', [accountId])).length > 0,
    )
  })

  const setRules = (change: string) => one.ctx.db.query(`UPDATE bot_settings SET ${change} WHERE user_id = $1`, [account.userId])

  async function alert(body: Record<string, unknown>) {
    await publishMarks({ ctx: one.ctx, exchange: 'PAPER', port: port(), store: true })
    const id = one.ctx.newId()
    const rawBody = Buffer.from(JSON.stringify({ symbol: 'BTCUSDT.P', mark: (sent += 1), ...body }))
    const parsed = parseAlert(rawBody)
    if (!parsed.ok) throw new Error(parsed.message)
    await one.ctx.db.query(
      `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, ticker, alert) VALUES ($1, $2, 'WEBHOOK', $3, now(), $4::bytea, sha256($4::bytea), $5, $6)`,
      [id, account.userId, webhookId, rawBody, parsed.alert.ticker, JSON.stringify(parsed.alert)],
    )
    await dispatchSignals({ ctx: one.ctx })
    const [decision] = await one.ctx.db.query<{ outcome: string; reason: string | null; numbers: Record<string, unknown> }>(
      'SELECT outcome, reason, numbers FROM decision WHERE signal_id = $1',
      [id],
    )
    return decision
  }

  it('a stop lies twice the average range away, and the risk that was asked for sizes the order', async () => {
    await setRules(`stop_mode = 'atr', atr_interval = '15m', sizing_mode = 'risk-per-trade', risk_per_trade = 1`)
    expect(await alert({ action: 'buy' })).toMatchObject({ outcome: 'BLOCKED', reason: 'RANGE_UNKNOWN' })
    await refreshRanges({ ctx: one.ctx, exchange: 'PAPER', port: port() })
    const decision = await alert({ action: 'buy' })
    expect(decision).toMatchObject({ outcome: 'ORDERS', reason: null })
    await until(async () => (await position())?.protection === 'PROTECTED')
    const range = new Decimal(String(decision?.numbers['rangeQuote']))
    const { entry } = await planned()
    const held = await position()
    const distance = entry.sub(held?.stop ?? 0)
    expect(distance.div(range).sub(2).abs().toNumber()).toBeLessThan(0.01)
    expect(distance.mul(held?.quantity ?? 0).toNumber()).toBeLessThanOrEqual(100.5)
    expect(distance.mul(held?.quantity ?? 0).toNumber()).toBeGreaterThan(90)
  })

  it('a day that has lost enough opens nothing more, not even what was decided before, while closes pass', async () => {
    await clearOfMidnight()
    await setRules('daily_loss_percent = 1, stop_loss_percent = 20, take_profit_percent = NULL')
    expect(await alert({ action: 'buy', quantity: '0.1' })).toMatchObject({ outcome: 'ORDERS' })
    await until(async () => (await position())?.quantity === '0.1')
    const waiting = await makeOrder(one.ctx, account, { quantityBase: '0.01' })
    await one.ctx.db.query(
      `UPDATE trade_order SET not_before = now() + interval '1 hour', expires_at = now() + interval '2 hours' WHERE id = $1`,
      [waiting],
    )

    await venue.pin('BTCUSDT', '58000')
    await until(
      async () =>
        Number(
          (await one.ctx.db.query<{ equity: string }>('SELECT equity FROM account_state WHERE account_id = $1', [account.accountId]))[0]
            ?.equity,
        ) < 9_850,
    )
    expect(await alert({ action: 'buy', quantity: '0.1' })).toMatchObject({
      outcome: 'BLOCKED',
      reason: 'DAILY_LOSS',
      numbers: { limitQuote: '100' },
    })
    await one.ctx.db.query(`UPDATE trade_order SET not_before = now() WHERE id = $1`, [waiting])
    await until(async () => (await outcomes(one.ctx.db, account)).some(({ id, state }) => id === waiting && state === 'BLOCKED'))
    expect(await outcomes(one.ctx.db, account)).toContainEqual(expect.objectContaining({ id: waiting, reason: 'DAILY_LOSS', attempts: 0 }))

    expect(await alert({ action: 'close' })).toMatchObject({ outcome: 'ORDERS' })
    await untilFlat()
  })

  it('after a loss nothing opens for a while, on the account that asks for it', async () => {
    await one.ctx.db.query(`INSERT INTO account_rules (account_id, user_id, overrides) VALUES ($1, $2, '{"coolDownMinutes": 5}')`, [
      account.accountId,
      account.userId,
    ])
    await alert({ action: 'buy', quantity: '0.1' })
    await until(async () => (await position())?.quantity === '0.1')
    await venue.pin('BTCUSDT', '59500')
    await alert({ action: 'close' })
    await untilFlat()
    await until(
      async () =>
        (await one.ctx.db.query('SELECT 1 FROM trade WHERE account_id = $1 AND closed_at IS NOT NULL', [account.accountId])).length > 0,
    )
    expect(await alert({ action: 'buy', quantity: '0.1' })).toMatchObject({
      outcome: 'BLOCKED',
      reason: 'COOL_DOWN',
      numbers: { limitMinutes: 5 },
    })
  })
})

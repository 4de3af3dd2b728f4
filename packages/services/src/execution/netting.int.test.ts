import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAlert } from '@matic/domain'
import type { ExchangePort, OrderRequest } from '@matic/exchange/port'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { createSeededRandom } from '@matic/testkit/seeded-random'
import { failure } from '@matic/testkit/execution/small-exchange'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { publishMarks } from '../markets/publish-marks.ts'
import { listPositions } from '../trading/list-positions.ts'
import { manualAlert } from '../trading/manual-alert.ts'

const SYMBOL = 'BTC/USDT:USDT'
const PRICE = 50_000
let venue: TestVenue
let bench: Bench
let one: TestWorker
let account: TestAccount
/** Two leaders, and the follower's own hand. */
let trend: string
let fade: string
let routes: Record<'trend' | 'fade' | 'hand', string>
const sent: OrderRequest[] = []
/** Answers that get lost on the way back. */
let losesAnswers = () => false
/** Until when an order that is there is not found: answers come from a copy that lags. */
let lagsUntilMs = 0

function noted(port: ExchangePort): ExchangePort {
  return {
    ...port,
    createOrder: async (handle, order, signing) => {
      sent.push(order)
      const answer = await port.createOrder(handle, order, signing)
      return answer.ok && losesAnswers() ? { ok: false, failure: failure('UNKNOWN', 'unknown', 'ETIMEDOUT') } : answer
    },
    findOrder: async (handle, order) =>
      Date.now() < lagsUntilMs
        ? { ok: false, failure: failure('NOT_FOUND', 'refused', 'no such order yet') }
        : port.findOrder(handle, order),
  }
}

beforeAll(async () => {
  venue = await startVenue()
  const real = throughVenue(venue.url)
  bench = await createBench({ ...real, port: (clock, timings) => noted(real.port(clock, timings)), scale: 0.2 })
  one = await bench.worker()
})
beforeEach(async () => {
  losesAnswers = () => false
  await venue.pin('BTCUSDT', String(PRICE))
  account = await openPaperAccount(one.ctx, venue.bank)
  await one.ctx.db.query(`UPDATE account SET shared_symbols = 'net' WHERE id = $1`, [account.accountId])
  trend = randomUUID()
  fade = randomUUID()
  routes = {
    trend: await addSource('WEBHOOK', trend),
    fade: await addSource('WEBHOOK', fade),
    hand: await addSource('MANUAL', account.accountId),
  }
  await until(async () => (await read('SELECT 1 FROM account_state WHERE account_id = $1')).length > 0)
  sent.length = 0
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

async function addSource(kind: 'WEBHOOK' | 'MANUAL', sourceId: string): Promise<string> {
  const routeId = randomUUID()
  if (kind === 'WEBHOOK')
    await one.ctx.db.query('INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, sha256($3::bytea), $4)', [
      sourceId,
      account.userId,
      Buffer.from(sourceId),
      'tail',
    ])
  await one.ctx.db.query('INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, $3, $4, $5)', [
    routeId,
    account.userId,
    kind,
    sourceId,
    account.accountId,
  ])
  return routeId
}

async function round(): Promise<void> {
  await one.settle()
  await one.runner.reconcile()
  await one.runner.settled()
  await sleep(20)
}

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify([await shares(), await orders()], null, 1)}`)
    await round()
  }
}

const read = <Row extends object>(sql: string): Promise<Row[]> => one.ctx.db.query<Row>(sql, [account.accountId])
const orders = () =>
  read<object>(
    `SELECT CASE r.source_kind WHEN 'MANUAL' THEN 'hand' ELSE left(r.id::text, 4) END AS route, leg, o.side, type, trim_scale(quantity_base)::text AS q, trim_scale(filled_base)::text AS filled,
            trim_scale(trigger_price)::text AS trigger, state, reason FROM trade_order o LEFT JOIN route r ON r.id = o.route_id WHERE o.account_id = $1 ORDER BY o.created_at, priority`,
  )

interface ShareNow {
  readonly base: string
  readonly protection: string
  /** What rests for it at its stop price. */
  readonly guarded: string
}

async function shares(): Promise<Record<string, ShareNow>> {
  const rows = await read<ShareNow & { routeId: string }>(
    `SELECT s.route_id AS "routeId", trim_scale(s.quantity_base)::text AS base, s.protection,
            (SELECT trim_scale(coalesce(sum(o.quantity_base), 0))::text FROM trade_order o WHERE o.cause = 'position:' || s.id || ':' || s.epoch AND o.leg = 'stop' AND o.state = 'ACKED' AND o.cancel_requested_at IS NULL) AS guarded
       FROM position_share s WHERE s.account_id = $1 AND s.quantity_base <> 0`,
  )
  const names = new Map(Object.entries(routes).map(([name, id]) => [id, name]))
  return Object.fromEntries(rows.map(({ routeId, ...share }) => [names.get(routeId) ?? routeId, share]))
}

/** Nothing is on its way, every share has its stop, and the ledger agrees with the position. */
async function isQuiet(): Promise<boolean> {
  const [row] = await read<{ busy: number }>(
    `SELECT (SELECT count(*) FROM trade_order WHERE account_id = $1 AND (state IN ('READY', 'SUBMITTING', 'UNKNOWN') OR state IN ('ACKED', 'PARTIAL') AND (type = 'market' OR cancel_requested_at IS NOT NULL)))::int
          + (SELECT count(*) FROM position_share WHERE account_id = $1 AND quantity_base <> 0 AND protection <> 'PROTECTED')::int
          + (SELECT count(*) FROM lane WHERE account_id = $1 AND reconcile_at <= clock_timestamp())::int + share_gaps()::int AS busy`,
  )
  return row?.busy === 0
}

async function atExchange(): Promise<{ base: string; resting: Record<string, string> }> {
  const handle = await one.ctx.keys.open(account.accountId)
  const port = one.ctx.exchanges.get('PAPER')
  const positions = handle && (await port?.fetchPositions(handle))
  const open = handle && (await port?.fetchOpenOrders(handle))
  if (!positions?.ok || !open?.ok) throw new Error('the venue did not answer')
  const signed = positions.value.map(({ side, quantityBase }) => new Decimal(quantityBase).mul(side === 'LONG' ? 1 : -1))
  const stops = open.value.filter((order) => order.type === 'stop-market')
  expect(open.value.some((order) => order.closePosition)).toBe(false)
  const covered = stops.reduce((sum, { quantityBase }) => sum.add(quantityBase ?? 0), new Decimal(0))
  return { base: signed.reduce((sum, base) => sum.add(base), new Decimal(0)).toFixed(), resting: { stops: covered.toFixed() } }
}

/**
 * Every share as wanted, all of them what the exchange holds, and exactly that guarded there: each share by all of itself, unless some stand on the other side,
 * where those of the greater side guard what is left. No stop without a share.
 */
async function expectShares(wanted: Partial<Record<'trend' | 'fade' | 'hand', string>>): Promise<void> {
  const now = await shares()
  const open = Object.entries(wanted).filter(([, base]) => !new Decimal(base ?? 0).isZero())
  expect(Object.fromEntries(Object.entries(now).map(([name, { base }]) => [name, base]))).toEqual(Object.fromEntries(open))
  const sum = open.reduce((total, [, base]) => total.add(base ?? 0), new Decimal(0))
  const isOneSided = open.every(([, base]) => new Decimal(base ?? 0).isNegative() === sum.isNegative())
  for (const { base, guarded } of Object.values(now)) {
    if (isOneSided) expect(guarded).toBe(new Decimal(base).abs().toFixed())
    else if (sum.isZero() || new Decimal(base).isNegative() !== sum.isNegative()) expect(guarded).toBe('0')
    else expect(new Decimal(guarded).lte(new Decimal(base).abs())).toBe(true)
  }
  expect(await atExchange()).toEqual({ base: sum.toFixed(), resting: { stops: sum.abs().toFixed() } })
}

async function publishPrices(): Promise<void> {
  const port = one.ctx.exchanges.get('PAPER')
  if (port) await publishMarks({ ctx: one.ctx, exchange: 'PAPER', port, store: true })
}

async function say(source: string, alert: unknown, kind: 'WEBHOOK' | 'MANUAL' = 'WEBHOOK') {
  await publishPrices()
  const id = one.ctx.newId()
  const rawBody = Buffer.from(JSON.stringify(alert))
  await one.ctx.db.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, ticker, alert) VALUES ($1, $2, $3, $4, now(), $5::bytea, sha256($5::bytea), 'BTCUSDT.P', $6)`,
    [id, account.userId, kind, source, rawBody, rawBody.toString()],
  )
  await dispatchSignals({ ctx: one.ctx })
  const [decision] = await one.ctx.db.query<{ outcome: string; intent: string; reason: string | null; numbers: Record<string, unknown> }>(
    'SELECT outcome, intent, reason, numbers FROM decision WHERE signal_id = $1',
    [id],
  )
  return decision
}

async function alertOf(webhook: string, body: Record<string, string>) {
  const parsed = parseAlert(Buffer.from(JSON.stringify({ symbol: 'BTCUSDT.P', ...body })))
  if (!parsed.ok) throw new Error(parsed.message)
  return say(webhook, parsed.alert)
}
const byHand = (action: 'buy' | 'sell' | 'close', quantity: string | null = null) =>
  say(account.accountId, manualAlert({ ticker: SYMBOL, action, quantity, idempotencyKey: null, atMs: Date.now() }), 'MANUAL')
/** The hand's own share, all of it. */
const handLeaves = () =>
  say(
    account.accountId,
    manualAlert({
      ticker: SYMBOL,
      action: 'sell',
      marketPosition: 'long',
      previousMarketPosition: 'long',
      previousMarketPositionSize: '1',
      marketPositionSize: '0',
      idempotencyKey: null,
      atMs: Date.now(),
    }),
    'MANUAL',
  )
const halfOf = (held: Decimal) =>
  held.isNegative() ? { ...HALF, action: 'buy', market_position: 'short', prev_market_position: 'short' } : HALF
const HALF = {
  action: 'sell',
  market_position: 'long',
  market_position_size: '1',
  prev_market_position: 'long',
  prev_market_position_size: '2',
}

describe('several sources on one account and symbol', () => {
  beforeEach(async () => {
    expect(await alertOf(trend, { action: 'buy', quantity: '0.02' })).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
    await until(isQuiet)
    expect(await alertOf(fade, { action: 'buy', quantity: '0.01' })).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
    expect(await byHand('buy', '0.03')).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
    await until(isQuiet)
    await expectShares({ trend: '0.02', fade: '0.01', hand: '0.03' })
  })

  it('each add to, reduce and close their own share, and nobody’s close touches another’s', async () => {
    await alertOf(trend, { action: 'buy', quantity: '0.01' })
    await until(isQuiet)
    await expectShares({ trend: '0.03', fade: '0.01', hand: '0.03' })
    expect(await alertOf(fade, HALF)).toMatchObject({ outcome: 'ORDERS', intent: 'reduce' })
    await until(isQuiet)
    await expectShares({ trend: '0.03', fade: '0.005', hand: '0.03' })

    expect(await alertOf(trend, { action: 'close' })).toMatchObject({ outcome: 'ORDERS', intent: 'close' })
    await until(isQuiet)
    await expectShares({ fade: '0.005', hand: '0.03' })
    expect(await alertOf(trend, { action: 'close' })).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CLOSE' })
    expect(await handLeaves()).toMatchObject({ outcome: 'ORDERS', intent: 'close' })
    await until(isQuiet)
    await expectShares({ fade: '0.005' })
    await alertOf(fade, { action: 'close' })
    await until(isQuiet)
    await expectShares({})
    const market = sent.filter(({ type, reduceOnly }) => type === 'market' && reduceOnly).map(({ quantityBase }) => quantityBase)
    expect(market).toEqual(['0.005', '0.03', '0.03', '0.005'])

    const trades = await read<{ route: string; entry: string; exit: string; closed: boolean }>(
      `SELECT route_id AS route, trim_scale(entry_base)::text AS entry, trim_scale(exit_base)::text AS exit, closed_at IS NOT NULL AS closed FROM trade WHERE account_id = $1 ORDER BY opened_at`,
    )
    expect(trades).toEqual([
      { route: routes.trend, entry: '0.03', exit: '0.03', closed: true },
      { route: routes.fade, entry: '0.01', exit: '0.01', closed: true },
      { route: routes.hand, entry: '0.03', exit: '0.03', closed: true },
    ])
    const [sums] = await read<{ gross: string; booked: string; fees: string; paid: string }>(
      `SELECT (SELECT trim_scale(round(sum(gross_pnl), 8))::text FROM trade WHERE account_id = $1) AS gross, (SELECT trim_scale(round(sum(realized_pnl), 8))::text FROM fill WHERE account_id = $1) AS booked,
              (SELECT trim_scale(round(sum(fees), 8))::text FROM trade WHERE account_id = $1) AS fees, (SELECT trim_scale(round(sum(fee), 8))::text FROM fill WHERE account_id = $1) AS paid`,
    )
    expect(sums?.fees).toBe(sums?.paid)
    expect(
      new Decimal(sums?.gross ?? NaN)
        .sub(sums?.booked ?? 0)
        .abs()
        .lt('0.01'),
    ).toBe(true)
  })

  it('a stop that is hit takes its own share and no other', async () => {
    await alertOf(trend, { action: 'close' })
    await until(isQuiet)
    await alertOf(trend, { action: 'buy', quantity: '0.02', stop_loss: String(PRICE - 500) })
    await until(isQuiet)
    await venue.pin('BTCUSDT', String(PRICE - 600))
    await until(async () => !('trend' in (await shares())))
    await until(isQuiet)
    await expectShares({ fade: '0.01', hand: '0.03' })
    expect(await read(`SELECT 1 FROM trade WHERE account_id = $1 AND closed_at IS NULL`)).toHaveLength(2)
    await venue.pin('BTCUSDT', String(0.94 * PRICE))
    await until(async () => Object.keys(await shares()).length === 0)
    await until(isQuiet)
    await expectShares({})
    const trades = await read<{ entry: string; exit: string }>(
      `SELECT trim_scale(entry_base)::text AS entry, trim_scale(exit_base)::text AS exit FROM trade WHERE account_id = $1 ORDER BY opened_at`,
    )
    expect(trades.every(({ entry, exit }) => entry === exit)).toBe(true)
  })

  it('the opposite side is netted at the exchange, through nothing and beyond, and each closes its own', async () => {
    expect(await alertOf(fade, { action: 'sell', quantity: '0.02' })).toMatchObject({ outcome: 'ORDERS', intent: 'reverse' })
    await until(isQuiet)
    await expectShares({ trend: '0.02', fade: '-0.02', hand: '0.03' })
    await alertOf(fade, { action: 'sell', quantity: '0.03' })
    await until(isQuiet)
    await expectShares({ trend: '0.02', fade: '-0.05', hand: '0.03' })
    expect((await listPositions({ db: one.ctx.db, input: account }))[0]).toMatchObject({
      size: '0',
      shares: [
        { side: 'SHORT', size: '0.05', atExchange: '0' },
        { side: 'LONG', size: '0.03', atExchange: '0', source: 'MANUAL', webhookTail: null },
        { side: 'LONG', size: '0.02', atExchange: '0', source: 'WEBHOOK', webhookTail: 'tail' },
      ],
    })

    expect(await alertOf(trend, { action: 'close' })).toMatchObject({ outcome: 'ORDERS', intent: 'close' })
    await until(isQuiet)
    await expectShares({ fade: '-0.05', hand: '0.03' })
    expect(await alertOf(fade, { action: 'close' })).toMatchObject({ outcome: 'ORDERS', intent: 'close' })
    await until(isQuiet)
    await expectShares({ hand: '0.03' })
    const trades = await read<object>(
      `SELECT route_id AS route, trim_scale(entry_base)::text AS entry, trim_scale(exit_base)::text AS exit, side FROM trade WHERE account_id = $1 AND closed_at IS NOT NULL ORDER BY opened_at`,
    )
    expect(trades).toEqual([
      { route: routes.trend, side: 'LONG', entry: '0.02', exit: '0.02' },
      { route: routes.fade, side: 'LONG', entry: '0.01', exit: '0.01' },
      { route: routes.fade, side: 'SHORT', entry: '0.05', exit: '0.05' },
    ])
  })

  it('what stands against others has its stop all the same: reached, it closes that share and leaves the others theirs', async () => {
    await alertOf(fade, { action: 'close' })
    await until(isQuiet)
    await alertOf(fade, { action: 'sell', quantity: '0.02', stop_loss: String(PRICE + 500) })
    await until(isQuiet)
    await expectShares({ trend: '0.02', fade: '-0.02', hand: '0.03' })
    await venue.pin('BTCUSDT', String(PRICE + 600))
    await publishPrices()
    await until(async () => !('fade' in (await shares())))
    await until(isQuiet)
    await expectShares({ trend: '0.02', hand: '0.03' })
  })

  it('the nearest stop guards what is at the exchange; hit, the rest of its share goes too, and then the other side guards what is left', async () => {
    await alertOf(trend, { action: 'close' })
    await until(isQuiet)
    await alertOf(trend, { action: 'buy', quantity: '0.04', stop_loss: String(PRICE - 500) })
    await until(isQuiet)
    await alertOf(fade, { action: 'sell', quantity: '0.06' })
    await until(isQuiet)
    await expectShares({ trend: '0.04', fade: '-0.06', hand: '0.03' })
    expect((await shares())['trend']).toMatchObject({ guarded: '0.01' })
    await venue.pin('BTCUSDT', String(PRICE - 600))
    await publishPrices()
    await until(async () => !('trend' in (await shares())))
    await until(isQuiet)
    await expectShares({ fade: '-0.06', hand: '0.03' })
  })

  it('a trailing stop and the opposite side refuse each other, with who stands in the way, while a turn closes what is one’s own', async () => {
    await one.ctx.db.query(
      `UPDATE bot_settings SET trailing_stop = true, trailing_percent = 1, trailing_activation_percent = 1.5 WHERE user_id = $1`,
      [account.userId],
    )
    expect(await alertOf(fade, { action: 'sell', quantity: '0.01' })).toMatchObject({
      outcome: 'ORDERS',
      intent: 'reverse',
      reason: 'SYMBOL_OPPOSITE',
      numbers: { side: 'long' },
    })
    await until(isQuiet)
    await expectShares({ trend: '0.02', hand: '0.03' })
    expect(await alertOf(fade, { action: 'sell', quantity: '0.01' })).toMatchObject({ outcome: 'BLOCKED', reason: 'SYMBOL_OPPOSITE' })
  })

  it('a close by hand of the whole position takes every share by an order of its own', async () => {
    expect(await byHand('close')).toMatchObject({ outcome: 'ORDERS', intent: 'close' })
    await until(isQuiet)
    await expectShares({})
    expect(await read(`SELECT 1 FROM trade WHERE account_id = $1 AND closed_at IS NULL`)).toEqual([])
  })

  it('a close whose answer is lost is not sent twice, for the rest belongs to others', async () => {
    losesAnswers = () => {
      losesAnswers = () => false
      // Longer than after which the close of a whole position goes out again.
      lagsUntilMs = Date.now() + 1.5 * one.ctx.timings.closeResendAfterMs
      return true
    }
    await alertOf(trend, { action: 'close' })
    await until(isQuiet)
    await expectShares({ fade: '0.01', hand: '0.03' })
    expect(sent.filter(({ type, reduceOnly }) => type === 'market' && reduceOnly)).toHaveLength(1)
  })
})

it('what is too small to be opened for waits until others close, holds up nobody, and goes with the first of them', async () => {
  await alertOf(trend, { action: 'buy', quantity: '0.02' })
  await until(isQuiet)
  await alertOf(fade, { action: 'sell', quantity: '0.002' })
  await until(isQuiet)
  // The market takes 100 USDT, unless an order only reduces.
  await venue.pin('BTCUSDT', String(PRICE - 500))
  await alertOf(fade, { action: 'close' })
  const closes = () =>
    read<object>(`SELECT state, reason FROM trade_order WHERE account_id = $1 AND leg = 'close' AND route_id = '${routes.fade}'`)
  await until(async () => JSON.stringify(await closes()).includes('CLOSE_WAITS'))
  await byHand('buy', '0.03')
  await until(async () => (await shares())['hand']?.base === '0.03')
  await alertOf(trend, { action: 'close' })
  await until(async () => !('trend' in (await shares())))
  expect((await shares())['fade']?.base).toBe('-0.002')
  await handLeaves()
  await until(async () => Object.keys(await shares()).length === 0)
  await until(isQuiet)
  await expectShares({})
  expect(await closes()).toMatchObject([{ state: 'FILLED' }])
})

it('a worker that comes back carries out what the price has crossed meanwhile, as one that was there would have', async () => {
  await alertOf(trend, { action: 'buy', quantity: '0.04', stop_loss: String(PRICE - 500) })
  await until(isQuiet)
  await alertOf(fade, { action: 'sell', quantity: '0.06', take_profit: String(PRICE - 4_000) })
  await byHand('buy', '0.03')
  await until(isQuiet)
  await expectShares({ trend: '0.04', fade: '-0.06', hand: '0.03' })
  // Nobody looks: the exchange carries out what rests there, 0.01 of the first stop, and the price runs on past every other.
  await venue.pin('BTCUSDT', String(PRICE - 600))
  await venue.pin('BTCUSDT', String(0.94 * PRICE))
  expect((await atExchange()).base).toBe('0')
  await using back = await bench.worker()
  await publishPrices()
  await back.runner.execute()
  await until(async () => Object.keys(await shares()).join() === 'fade')
  await until(isQuiet)
  await expectShares({ fade: '-0.06' })
  await venue.pin('BTCUSDT', String(PRICE - 4_100))
  await publishPrices()
  await until(async () => Object.keys(await shares()).length === 0)
  await until(isQuiet)
  await expectShares({})
  const trades = await read<object>(
    `SELECT route_id AS route, trim_scale(entry_base)::text AS entry, trim_scale(exit_base)::text AS exit FROM trade WHERE account_id = $1 AND closed_at IS NOT NULL ORDER BY opened_at`,
  )
  expect(trades).toEqual([
    { route: routes.trend, entry: '0.04', exit: '0.04' },
    { route: routes.fade, entry: '0.06', exit: '0.06' },
    { route: routes.hand, entry: '0.03', exit: '0.03' },
  ])
})

it('a liquidation takes every share, and its fills and trades say so', async () => {
  await one.ctx.db.query(`UPDATE bot_settings SET margin_mode = 'isolated', stop_loss_percent = 10 WHERE user_id = $1`, [account.userId])
  await alertOf(trend, { action: 'buy', quantity: '0.02', leverage: '20' })
  await until(isQuiet)
  await alertOf(fade, { action: 'buy', quantity: '0.01', leverage: '20' })
  await until(isQuiet)
  await expectShares({ trend: '0.02', fade: '0.01' })
  await venue.pin('BTCUSDT', String(0.94 * PRICE))
  await until(async () => Object.keys(await shares()).length === 0)
  await until(isQuiet)
  await expectShares({})
  expect(await read(`SELECT trim_scale(sum(quantity_base))::text AS base FROM fill WHERE account_id = $1 AND is_liquidation`)).toEqual([
    { base: '0.03' },
  ])
  expect(await read(`SELECT is_liquidation AS forced, route_id AS route FROM trade WHERE account_id = $1 ORDER BY opened_at`)).toEqual([
    { forced: true, route: routes.trend },
    { forced: true, route: routes.fade },
  ])
})

it.each([1, 2, 3])('three sources at random on either side, answers lost: every share ends as the model says (seed %i)', async (seed) => {
  const random = createSeededRandom(seed)
  const model = { trend: new Decimal(0), fade: new Decimal(0), hand: new Decimal(0) }
  const steps: string[] = []
  losesAnswers = () => random.chance(0.1)
  for (let step = 0; step < 16; step += 1) {
    const source = random.pick(['trend', 'fade', 'hand'] as const)
    const action = random.pick(['buy', 'buy', 'sell', 'half', 'close'] as const)
    const quantity = `0.0${random.integer(1, 3)}`
    // A half is one of what has arrived.
    if (action === 'half') await until(isQuiet)
    steps.push(`${source} ${action} ${quantity}`)
    const webhook = source === 'trend' ? trend : fade
    const decision =
      source === 'hand'
        ? await (action === 'buy' ? byHand('buy', quantity) : handLeaves())
        : await alertOf(webhook, action === 'half' ? halfOf(model[source]) : action === 'close' ? { action } : { action, quantity })
    if (decision?.outcome === 'ORDERS') {
      const change = new Decimal(quantity).mul(action === 'sell' ? -1 : 1)
      const turns = model[source].mul(change).isNegative()
      if (action === 'buy' || (action === 'sell' && source !== 'hand')) model[source] = turns ? change : model[source].add(change)
      else if (action === 'half' && source !== 'hand')
        model[source] = model[source].sub(model[source].div(2).div('0.001').trunc().mul('0.001'))
      else model[source] = new Decimal(0)
    }
    // What follows at once is decided against what is still on its way.
    if (random.chance(0.4)) continue
    await until(isQuiet)
    const wanted = { trend: model.trend.toFixed(), fade: model.fade.toFixed(), hand: model.hand.toFixed() }
    await expectShares(wanted).catch((error: unknown) => {
      throw new Error(`after ${steps.join(', ')}`, { cause: error })
    })
  }
  losesAnswers = () => false
  await byHand('close')
  await until(isQuiet)
  await expectShares({})
})

it('at random prices, with stops and targets on either side, nothing at the exchange is left without its guard and every share ends flat', async () => {
  const random = createSeededRandom(11)
  let price = PRICE
  const steps: string[] = []
  for (let step = 0; step < 24; step += 1) {
    const source = random.pick([trend, fade])
    const side = random.pick([1, -1] as const)
    const near = (way: number) => String(price + way * side * random.integer(2, 6) * 100)
    const body = {
      action: side === 1 ? 'buy' : 'sell',
      quantity: `0.0${random.integer(1, 4)}`,
      stop_loss: near(-1),
      take_profit: near(1),
    }
    const what = random.pick(['open', 'open', 'both', 'move', 'move', 'close'] as const)
    steps.push(`${what} ${source === trend ? 'trend' : 'fade'} ${body.action} ${body.quantity} at ${price}`)
    if (what === 'open' || what === 'both') await alertOf(source, body)
    // Two turn round at once.
    if (what === 'both')
      await alertOf(source === trend ? fade : trend, {
        ...body,
        action: side === 1 ? 'sell' : 'buy',
        stop_loss: near(1),
        take_profit: near(-1),
      })
    if (what === 'close') await alertOf(source, { action: 'close' })
    if (what === 'move') await venue.pin('BTCUSDT', String((price += random.integer(-5, 5) * 100)))
    await publishPrices()
    if (random.chance(0.3)) continue
    await until(isQuiet)
    const now = Object.fromEntries(Object.entries(await shares()).map(([name, { base }]) => [name, base]))
    await expectShares(now).catch((error: unknown) => {
      throw new Error(`after ${steps.join(', ')}`, { cause: error })
    })
  }
  await byHand('close')
  await until(isQuiet)
  await expectShares({})
  expect(await read(`SELECT 1 FROM trade WHERE account_id = $1 AND (closed_at IS NULL OR entry_base <> exit_base)`)).toEqual([])
})

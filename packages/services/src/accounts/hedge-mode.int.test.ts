import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAlert } from '@matic/domain'
import type { ExchangePort, OrderRequest } from '@matic/exchange/port'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { createSeededRandom } from '@matic/testkit/seeded-random'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { publishMarks } from '../markets/publish-marks.ts'
import { manualAlert } from '../trading/manual-alert.ts'
import { checkAccounts } from './check-accounts.ts'

const SYMBOL = 'BTC/USDT:USDT'
let venue: TestVenue
let bench: Bench
let one: TestWorker
let account: TestAccount
/** Two strategies of one owner, and the owner's own hand. */
let trend: string
let fade: string
const sent: OrderRequest[] = []
const settings: string[] = []

/** The real port, writing down what passes through it. */
function noted(port: ExchangePort): ExchangePort {
  return {
    ...port,
    createOrder: (handle, order, signing) => {
      sent.push(order)
      return port.createOrder(handle, order, signing)
    },
    setLeverage: (handle, input) => {
      settings.push(`leverage ${input.leverage}`)
      return port.setLeverage(handle, input)
    },
    setMarginMode: (handle, input) => {
      settings.push(input.marginMode)
      return port.setMarginMode(handle, input)
    },
  }
}

beforeAll(async () => {
  venue = await startVenue()
  const real = throughVenue(venue.url)
  bench = await createBench({ ...real, port: (clock, timings) => noted(real.port(clock, timings)), scale: 0.2 })
  one = await bench.worker()
})
beforeEach(async () => {
  account = await openPaperAccount(one.ctx, venue.bank)
  trend = await addWebhook()
  fade = await addWebhook()
  await addRoute('MANUAL', account.accountId)
  await until(async () => (await one.ctx.db.query('SELECT 1 FROM account_state WHERE account_id = $1', [account.accountId])).length > 0)
  sent.length = 0
  settings.length = 0
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

async function addRoute(kind: 'WEBHOOK' | 'MANUAL', sourceId: string): Promise<void> {
  await one.ctx.db.query('INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, $3, $4, $5)', [
    randomUUID(),
    account.userId,
    kind,
    sourceId,
    account.accountId,
  ])
}

async function addWebhook(): Promise<string> {
  const id = randomUUID()
  await one.ctx.db.query('INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, sha256($3::bytea), $4)', [
    id,
    account.userId,
    Buffer.from(id),
    'tail',
  ])
  await addRoute('WEBHOOK', id)
  return id
}

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify([await held(), await orders()], null, 1)}`)
    await one.settle()
    await one.runner.reconcile()
    await one.runner.settled()
    await sleep(20)
  }
}

async function read<Row extends object>(sql: string): Promise<Row[]> {
  return one.ctx.db.query<Row>(sql, [account.accountId])
}
const orders = () =>
  read<{ state: string }>(
    `SELECT leg, side, position_side, type, state, reason FROM trade_order WHERE account_id = $1 ORDER BY created_at, priority`,
  )
const held = () =>
  read<{ side: string; base: string; protection: string }>(
    `SELECT position_side AS side, trim_scale(quantity_base)::text AS base, protection FROM position WHERE account_id = $1 AND quantity_base > 0 ORDER BY position_side`,
  )
const holds =
  (...wanted: [side: string, base: string][]) =>
  async () =>
    JSON.stringify((await held()).map(({ side, base, protection }) => [side, base, protection])) ===
    JSON.stringify(wanted.map((each) => [...each, 'PROTECTED']))

/** Nothing is on its way, and every stop and target that is wanted rests. */
async function isQuiet(): Promise<boolean> {
  const [row] = await read<{ busy: number }>(
    `SELECT (SELECT count(*) FROM trade_order WHERE account_id = $1 AND (state IN ('READY', 'SUBMITTING', 'UNKNOWN') OR state IN ('ACKED', 'PARTIAL') AND (type = 'market' OR cancel_requested_at IS NOT NULL)))::int
          + (SELECT count(*) FROM position WHERE account_id = $1 AND quantity_base > 0 AND protection <> 'PROTECTED')::int
          + (SELECT count(*) FROM lane WHERE account_id = $1 AND reconcile_at <= clock_timestamp())::int AS busy`,
  )
  return row?.busy === 0
}

async function atExchange(): Promise<[side: string, base: string][]> {
  const handle = await one.ctx.keys.open(account.accountId)
  const port = one.ctx.exchanges.get('PAPER')
  const positions = handle && (await port?.fetchPositions(handle))
  if (!positions?.ok) throw new Error('the venue did not answer')
  return positions.value
    .map(({ positionSide, quantityBase }): [string, string] => [positionSide, new Decimal(quantityBase).toFixed()])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** @returns the decision */
async function say(source: string, alert: unknown, kind: 'WEBHOOK' | 'MANUAL' = 'WEBHOOK') {
  const port = one.ctx.exchanges.get('PAPER')
  if (port) await publishMarks({ ctx: one.ctx, exchange: 'PAPER', port, store: true })
  const id = one.ctx.newId()
  const rawBody = Buffer.from(JSON.stringify(alert))
  await one.ctx.db.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, ticker, alert) VALUES ($1, $2, $3, $4, now(), $5::bytea, sha256($5::bytea), 'BTCUSDT.P', $6)`,
    [id, account.userId, kind, source, rawBody, rawBody.toString()],
  )
  await dispatchSignals({ ctx: one.ctx })
  const [decision] = await one.ctx.db.query<{ outcome: string; intent: string; reason: string | null }>(
    'SELECT outcome, intent, reason FROM decision WHERE signal_id = $1',
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
  say(
    account.accountId,
    manualAlert({ ticker: SYMBOL, action, quantity, idempotencyKey: null, atMs: Date.now(), stopLoss: null }),
    'MANUAL',
  )

describe('an account in hedge mode', () => {
  beforeEach(async () => {
    await venue.hedge(account.accountId)
    await checkAccounts({ ...one.ctx, exchanges: one.ctx.exchanges })
    expect(await read('SELECT position_mode AS mode FROM account WHERE id = $1')).toEqual([{ mode: 'HEDGE' }])
    expect(
      await read<{ codes: string[] }>(
        `SELECT array(SELECT f->>'code' FROM jsonb_array_elements(findings) f) AS codes FROM account_check WHERE account_id = $1`,
      ),
    ).toEqual([{ codes: ['HEDGE_MODE'] }])
  })

  it('holds a long and a short beside each other, each its own source’s, each protected, and never sends reduce-only', async () => {
    expect(await alertOf(trend, { action: 'buy', quantity: '0.02' })).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
    await until(holds(['LONG', '0.02']))
    expect(await alertOf(fade, { action: 'sell', quantity: '0.01' })).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
    await until(holds(['LONG', '0.02'], ['SHORT', '0.01']))

    expect(await alertOf(fade, { action: 'buy', quantity: '0.01' })).toMatchObject({ intent: 'reverse', reason: 'SYMBOL_OWNED' })
    await until(holds(['LONG', '0.02']))
    expect(await alertOf(trend, { action: 'close' })).toMatchObject({ outcome: 'ORDERS', intent: 'close' })
    await until(async () => (await held()).length === 0)

    // What closes everything at a trigger is reduce-only by its nature and carries no flag.
    expect(
      (await venue.ledger()).filter((order) => order.ref === account.accountId && order.reduceOnly && order.executedQty !== '0'),
    ).toEqual([])
    expect(sent.every((order) => order.positionSide !== 'BOTH')).toBe(true)
    const trades = await read<{ side: string; positionSide: string; closed: boolean }>(
      `SELECT side, position_side AS "positionSide", closed_at IS NOT NULL AS closed FROM trade WHERE account_id = $1 ORDER BY opened_at`,
    )
    expect(trades).toEqual([
      { side: 'LONG', positionSide: 'LONG', closed: true },
      { side: 'SHORT', positionSide: 'SHORT', closed: true },
    ])
    expect(await read(`SELECT 1 FROM position WHERE account_id = $1 AND position_side = 'BOTH'`)).toEqual([])
  })

  it('turns around by closing one side and opening the other', async () => {
    await alertOf(trend, { action: 'buy', quantity: '0.02' })
    await until(holds(['LONG', '0.02']))
    expect(await alertOf(trend, { action: 'sell', quantity: '0.01' })).toMatchObject({ outcome: 'ORDERS', intent: 'reverse' })
    await until(holds(['SHORT', '0.01']))
    const market = sent.filter((order) => order.type === 'market').map(({ side, positionSide }) => `${side} ${positionSide}`)
    expect(market).toEqual(['buy LONG', 'sell LONG', 'sell SHORT'])
  })

  it('by hand opens the side that is named, reduces by alert, and closes both sides at once', async () => {
    await byHand('buy', '0.02')
    await until(holds(['LONG', '0.02']))
    expect(await byHand('sell', '0.01')).toMatchObject({ outcome: 'ORDERS', intent: 'open' })
    await until(holds(['LONG', '0.02'], ['SHORT', '0.01']))
    expect(await byHand('close')).toMatchObject({ outcome: 'ORDERS', intent: 'close' })
    await until(async () => (await held()).length === 0)
    const closes = sent.filter((order) => order.type === 'market').slice(2)
    expect(closes.map(({ side, positionSide }) => `${side} ${positionSide}`).toSorted()).toEqual(['buy SHORT', 'sell LONG'])
  })

  it('reduces the side it holds by the share that its source took off', async () => {
    await alertOf(trend, {
      action: 'sell',
      quantity: '0.02',
      market_position: 'short',
      market_position_size: '0.02',
      prev_market_position: 'flat',
    })
    await until(async () => (await held()).length === 1)
    const before = new Decimal((await held())[0]?.base ?? 0)
    const less = {
      action: 'buy',
      quantity: '0.01',
      market_position: 'short',
      market_position_size: '0.01',
      prev_market_position: 'short',
      prev_market_position_size: '0.02',
    }
    expect(await alertOf(trend, less)).toMatchObject({ outcome: 'ORDERS', intent: 'reduce' })
    await until(holds(['SHORT', before.div(2).toFixed()]))
  })
})

it.each([1, 2, 3])('whatever three sources say one after the other, both sides stay what the exchange says (seed %i)', async (seed) => {
  const random = createSeededRandom(seed)
  await venue.hedge(account.accountId)
  await checkAccounts({ ...one.ctx, exchanges: one.ctx.exchanges })
  const steps: string[] = []
  for (let step = 0; step < 15; step += 1) {
    const source = random.pick(['trend', 'fade', 'hand'] as const)
    const action = random.pick(['buy', 'sell', 'close'] as const)
    const quantity = `0.0${random.integer(1, 3)}`
    steps.push(`${source} ${action} ${quantity}`)
    if (source === 'hand') await byHand(action, action === 'close' ? null : quantity)
    else await alertOf(source === 'trend' ? trend : fade, action === 'close' ? { action } : { action, quantity })
    await until(isQuiet)
    expect(await atExchange(), steps.join(', ')).toEqual((await held()).map(({ side, base }) => [side, base]))
  }
  expect((await held()).every(({ protection }) => protection === 'PROTECTED')).toBe(true)
  const perStrategy = await read<{ sides: number }>(
    `SELECT count(*)::int AS sides FROM position p JOIN route r ON r.id = p.route_id WHERE p.account_id = $1 AND p.quantity_base > 0 AND r.source_kind = 'WEBHOOK' GROUP BY r.id`,
  )
  expect(perStrategy.every(({ sides }) => sides === 1)).toBe(true)
  expect(await read(`SELECT reason FROM trade_order WHERE account_id = $1 AND state = 'REJECTED'`)).toEqual([])
  expect(sent.filter((order) => order.positionSide === 'BOTH')).toEqual([])

  await byHand('close')
  await until(async () => (await isQuiet()) && (await held()).length === 0)
  expect(await atExchange()).toEqual([])
  expect(await read(`SELECT 1 FROM trade WHERE account_id = $1 AND closed_at IS NULL`)).toEqual([])
})

it('a mode that was changed at the exchange is refused once, read again and respected', async () => {
  await venue.hedge(account.accountId)
  await byHand('buy', '0.01')
  await until(async () => (await orders()).every(({ state }) => state === 'REJECTED'))
  expect(await orders()).toMatchObject([{ position_side: 'BOTH', reason: 'REJECTED_POSITION_MODE' }])
  expect(await checkAccounts({ ...one.ctx, exchanges: one.ctx.exchanges })).toBe(1)
  await byHand('buy', '0.01')
  await until(holds(['LONG', '0.01']))
})

describe('leverage and margin mode', () => {
  it('are set before the first order, and again only where they differ', async () => {
    await byHand('buy', '0.01')
    await until(holds(['BOTH', '0.01']))
    expect(settings).toEqual(['cross', 'leverage 10'])
    await byHand('buy', '0.01')
    await until(holds(['BOTH', '0.02']))
    await byHand('close')
    await until(async () => (await held()).length === 0)
    await byHand('sell', '0.01')
    await until(holds(['BOTH', '0.01']))
    expect(settings).toEqual(['cross', 'leverage 10'])

    await one.ctx.db.query('UPDATE bot_settings SET default_leverage = 7 WHERE user_id = $1', [account.userId])
    await byHand('sell', '0.01')
    await until(holds(['BOTH', '0.02']))
    expect(settings).toEqual(['cross', 'leverage 10', 'leverage 7'])
  })

  it('are the market’s in hedge mode: the second side sets nothing again', async () => {
    await venue.hedge(account.accountId)
    await checkAccounts({ ...one.ctx, exchanges: one.ctx.exchanges })
    await byHand('buy', '0.01')
    await until(holds(['LONG', '0.01']))
    await byHand('sell', '0.01')
    await until(holds(['LONG', '0.01'], ['SHORT', '0.01']))
    expect(settings).toEqual(['cross', 'leverage 10'])
  })
})

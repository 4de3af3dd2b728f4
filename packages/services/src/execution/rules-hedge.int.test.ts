import { setTimeout as sleep } from 'node:timers/promises'
import { parseAlert } from '@matic/domain'
import type { ExchangeOrder } from '@matic/exchange/port'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkAccounts } from '../accounts/check-accounts.ts'
import { dispatchSignals } from '../dispatch/index.ts'
import { publishMarks } from '../markets/publish-marks.ts'

type Side = 'LONG' | 'SHORT'

let venue: TestVenue
let bench: Bench
let one: TestWorker
let account: TestAccount
/** Two strategies of one owner, each with its own side of the market. */
let trend: string
let fade: string
let said = 0

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale: 0.2 })
  one = await bench.worker()
})
beforeEach(async () => {
  await venue.pin('BTCUSDT', '60000')
  account = await openPaperAccount(one.ctx, venue.bank)
  await venue.hedge(account.accountId)
  await checkAccounts({ ...one.ctx, exchanges: one.ctx.exchanges })
  trend = await addWebhook()
  fade = await addWebhook()
  await until(async () => (await read('SELECT 1 FROM account_state WHERE account_id = $1 AND result IS NOT NULL')).length > 0)
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

const read = async <Row extends object>(sql: string): Promise<Row[]> => one.ctx.db.query<Row>(sql, [account.accountId])

async function addWebhook(): Promise<string> {
  const id = one.ctx.newId()
  await one.ctx.db.query(`INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, $3, 'tail')`, [
    id,
    account.userId,
    Buffer.from(id),
  ])
  await one.ctx.db.query(`INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, 'WEBHOOK', $3, $4)`, [
    one.ctx.newId(),
    account.userId,
    id,
    account.accountId,
  ])
  return id
}

async function alert(webhook: string, body: Record<string, string>): Promise<void> {
  const port = one.ctx.exchanges.get('PAPER')
  if (port) await publishMarks({ ctx: one.ctx, exchange: 'PAPER', port, store: true })
  const id = one.ctx.newId()
  const rawBody = Buffer.from(JSON.stringify({ symbol: 'BTCUSDT.P', mark: (said += 1), ...body }))
  const parsed = parseAlert(rawBody)
  if (!parsed.ok) throw new Error(parsed.message)
  await one.ctx.db.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, ticker, alert) VALUES ($1, $2, 'WEBHOOK', $3, now(), $4::bytea, sha256($4::bytea), $5, $6)`,
    [id, account.userId, webhook, rawBody, parsed.alert.ticker, JSON.stringify(parsed.alert)],
  )
  await dispatchSignals({ ctx: one.ctx })
  const [decision] = await one.ctx.db.query('SELECT outcome, reason FROM decision WHERE signal_id = $1', [id])
  expect(decision).toMatchObject({ outcome: 'ORDERS', reason: null })
}

async function resting(): Promise<readonly ExchangeOrder[]> {
  const handle = await one.ctx.keys.open(account.accountId)
  const listed = handle && (await one.ctx.exchanges.get('PAPER')?.fetchOpenOrders(handle))
  if (!listed?.ok) throw new Error('the venue did not answer')
  return listed.value
}
const restsOn = async (wanted: Side) =>
  (await resting())
    .filter(({ positionSide }) => positionSide === wanted)
    .map(({ side, type, quantityBase, triggerPrice }) => `${side} ${type} ${quantityBase ?? 'all'} at ${triggerPrice ?? 'once'}`)
    .toSorted()

interface Held {
  side: Side
  base: string
  stop: string
  entry: string
}
const held = () =>
  read<Held>(
    `SELECT position_side AS side, trim_scale(quantity_base)::text AS base, trim_scale(stop_price)::text AS stop, entry_price::text AS entry
       FROM position WHERE account_id = $1 AND quantity_base > 0 ORDER BY position_side`,
  )
const holds = async (...wanted: string[]) => (await held()).map(({ side, base }) => `${side} ${base}`).join() === wanted.join()

async function until(isSo: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > deadline) {
      const orders = await read('SELECT leg, level, side, position_side, type, state, reason FROM trade_order WHERE account_id = $1')
      throw new Error(`not in time: ${JSON.stringify([await held(), orders, await restsOn('LONG'), await restsOn('SHORT')], null, 1)}`)
    }
    await one.settle()
    await one.runner.reconcile()
    await one.runner.settled()
    await sleep(20)
  }
}
const untilRests = (side: Side, ...wanted: string[]) => until(async () => (await restsOn(side)).join() === wanted.toSorted().join())

/** The price a fraction away from a side's entry: a target is never beyond what was asked, a stop never further away. */
async function priceOf(side: Side, fraction: string, kind: 'target' | 'stop'): Promise<string> {
  const entry = (await held()).find((each) => each.side === side)?.entry ?? '0'
  const exact = new Decimal(entry).mul(new Decimal(1).add(side === 'LONG' ? fraction : new Decimal(fraction).neg())).div('0.1')
  const up = (side === 'LONG') === (kind === 'stop')
  return (up ? exact.ceil() : exact.floor()).mul('0.1').toFixed()
}

const setRules = (change: string) => one.ctx.db.query(`UPDATE bot_settings SET ${change} WHERE user_id = $1`, [account.userId])
const TARGETS = `targets = '[{"percent": "1", "share": "50"}, {"percent": "2", "share": "30"}]'`

async function openBoth(): Promise<void> {
  await alert(trend, { action: 'buy', quantity: '0.1' })
  await alert(fade, { action: 'sell', quantity: '0.06' })
  await until(() => holds('LONG 0.1', 'SHORT 0.06'))
}

describe('on an account in hedge mode', () => {
  it('each side has its own targets and trailing stop: what one of them takes leaves the other as it was', async () => {
    await setRules(`${TARGETS}, take_profit_percent = NULL, trailing_stop = true, trailing_percent = 1, trailing_activation_percent = 1.5`)
    await openBoth()
    const at = async (side: Side) => ({
      stop: await priceOf(side, '-0.05', 'stop'),
      first: await priceOf(side, '0.01', 'target'),
      second: await priceOf(side, '0.02', 'target'),
      trail: await priceOf(side, '0.015', 'target'),
    })
    const [long, short] = [await at('LONG'), await at('SHORT')]
    const ofShort = [
      `buy stop-market all at ${short.stop}`,
      `buy take-profit-market 0.03 at ${short.first}`,
      `buy take-profit-market 0.018 at ${short.second}`,
      `buy trailing-stop-market 0.06 at ${short.trail}`,
    ]
    await untilRests(
      'LONG',
      `sell stop-market all at ${long.stop}`,
      `sell take-profit-market 0.05 at ${long.first}`,
      `sell take-profit-market 0.03 at ${long.second}`,
      `sell trailing-stop-market 0.1 at ${long.trail}`,
    )
    await untilRests('SHORT', ...ofShort)

    await venue.pin('BTCUSDT', '60700')
    await until(() => holds('LONG 0.05', 'SHORT 0.06'))
    await untilRests('SHORT', ...ofShort)

    // Past where it begins to trail, then a percent back: what is left of the long goes, and nothing turns around.
    await venue.pin('BTCUSDT', '61000')
    await until(async () => (await restsOn('LONG')).length === 3)
    await venue.pin('BTCUSDT', '60350')
    await until(() => holds('SHORT 0.06'))
    await untilRests('LONG')
    await untilRests('SHORT', ...ofShort)

    await venue.pin('BTCUSDT', '58700')
    await until(() => holds('SHORT 0.012'))
    await venue.pin('BTCUSDT', '59500')
    await until(async () => (await held()).length === 0)
    await untilRests('SHORT')

    const filled = await read<{ side: string; leg: string; level: number | null; base: string }>(
      `SELECT position_side AS side, leg, level, trim_scale(filled_base)::text AS base FROM trade_order
        WHERE account_id = $1 AND state = 'FILLED' AND leg IN ('target', 'trailing') ORDER BY 1, 2, 3`,
    )
    expect(filled).toEqual([
      { side: 'LONG', leg: 'target', level: 1, base: '0.05' },
      { side: 'LONG', leg: 'trailing', level: null, base: '0.05' },
      { side: 'SHORT', leg: 'target', level: 1, base: '0.03' },
      { side: 'SHORT', leg: 'target', level: 2, base: '0.018' },
      { side: 'SHORT', leg: 'trailing', level: null, base: '0.012' },
    ])
    expect((await venue.positions()).filter(({ ref, positionAmt }) => ref === account.accountId && Number(positionAmt) !== 0)).toEqual([])
    const sent = (await venue.ledger()).filter(({ ref }) => ref === account.accountId)
    expect(sent.filter(({ status }) => status === 'REJECTED')).toEqual([])
  })

  it('the stop of the side whose first target has filled goes to its entry, and the other side’s stays', async () => {
    await setRules(`${TARGETS}, break_even_after_target = 1`)
    await openBoth()
    const stopOfShort = await priceOf('SHORT', '-0.05', 'stop')
    await until(async () => (await resting()).length === 6)
    await venue.pin('BTCUSDT', '60800')
    const entry = await priceOf('LONG', '0', 'stop')
    await until(async () => (await restsOn('LONG')).includes(`sell stop-market all at ${entry}`))
    expect((await held()).map(({ side, base, stop }) => `${side} ${base} ${stop}`)).toEqual([
      `LONG 0.05 ${entry}`,
      `SHORT 0.06 ${stopOfShort}`,
    ])
    expect(await restsOn('SHORT')).toContain(`buy stop-market all at ${stopOfShort}`)

    await venue.pin('BTCUSDT', '59900')
    await until(() => holds('SHORT 0.06'))
    await untilRests('LONG')
  })
})

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseAlert } from '@matic/domain'
import { createSecret } from '@matic/platform'
import { insertFollows, variedSettings } from '@matic/prisma/insert-follows'
import { createBench, type Bench, type TestWorker } from '@matic/testkit/execution/bench'
import { makeAccount, type TestAccount } from '@matic/testkit/execution/factories'
import { ENCRYPTION_KEY, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue, type TestVenue } from '@matic/testkit/execution/venue'
import { openPaperAccounts } from '../accounts/open-paper-accounts.ts'
import { ensureSealingKey } from '../accounts/sealing-keys.ts'
import { dispatchSignals } from '../dispatch/index.ts'
import { closeBreaker, listBreakers, listStrategyBreakers, tripBreakers } from '../fan-outs/index.ts'
import { publishMarks } from '../markets/publish-marks.ts'

const COUNT = 30
const CANARY = 5

let venue: TestVenue
let bench: Bench
let worker: TestWorker
let leader: TestAccount
let webhookId: string
let strategyId: string

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale: 1 })
  worker = await bench.worker()
  const { ctx } = worker
  await ensureSealingKey({ ...ctx, encryptionKey: createSecret(ENCRYPTION_KEY) })
  const people: TestAccount[] = []
  for (let index = 0; index <= COUNT; index += 1) people.push(await makeAccount(ctx.db, { keyStatus: 'OPENING' }))
  while ((await openPaperAccounts({ ctx, bank: venue.bank })) > 0) continue
  await ctx.db.query(`UPDATE lane SET reconcile_at = now() + interval '1 hour'`)
  await ctx.db.query(
    `INSERT INTO account_state (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, synced_at)
     SELECT id, user_id, 10000, 10000, 0, 10000, 0, now() FROM account`,
  )
  const [first, ...followers] = people
  if (!first) throw new Error('Nobody')
  leader = first
  webhookId = randomUUID()
  strategyId = randomUUID()
  await ctx.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, since, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', now(), 'WEBHOOK', $4)`,
    [strategyId, leader.userId, leader.accountId, webhookId],
  )
  await ctx.db.transaction((tx) =>
    insertFollows(tx, {
      strategyId,
      webhookId,
      follows: followers.map((one) => ({ ...one, id: randomUUID(), routeId: randomUUID(), settings: variedSettings(0), equity: '10000' })),
    }),
  )
  const port = ctx.exchanges.get('PAPER')
  if (!port) throw new Error('No exchange')
  await publishMarks({ ctx, exchange: 'PAPER', port, store: true })
  await ctx.db.query(`UPDATE market SET mark_at = now() + interval '1 hour'`)
})
beforeEach(async () => {
  await venue.faults({ rules: [] })
  await worker.ctx.db.query('DELETE FROM breaker')
})
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

async function alert(fields: Record<string, string>): Promise<string> {
  const { ctx } = worker
  const rawBody = Buffer.from(JSON.stringify({ symbol: 'BTCUSDT.P', ...fields }))
  const parsed = parseAlert(rawBody)
  if (!parsed.ok) throw new Error(parsed.message)
  const id = ctx.newId()
  await ctx.db.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, ticker, alert) VALUES ($1, $2, 'WEBHOOK', $3, now(), $4::bytea, sha256($4::bytea), $5, $6)`,
    [id, leader.userId, webhookId, rawBody, parsed.alert.ticker, JSON.stringify(parsed.alert)],
  )
  await dispatchSignals({ ctx })
  return id
}

async function endOf(signalId: string): Promise<Record<string, number>> {
  const rows = await worker.ctx.db.query<{ what: string; n: number }>(
    `SELECT leg || ' ' || state || coalesce(' ' || reason, '') AS what, count(*)::int AS n FROM trade_order WHERE signal_id = $1 GROUP BY 1`,
    [signalId],
  )
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]))
}

async function settledAs(signalId: string, wanted: Record<string, number>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
    await worker.runner.execute()
    if (JSON.stringify(await endOf(signalId)) === JSON.stringify(wanted)) return
  }
  expect(await endOf(signalId)).toEqual(wanted)
}

const ORDERS = { method: 'POST', path: '/fapi/v1/order' }
const REFUSED = { name: 'refused', ...ORDERS, action: { kind: 'status', status: 400, code: -4164, msg: 'no' } }
const OPEN = { action: 'buy', side: 'long', quantity: '0.004' }

describe('the opens of many followers', () => {
  it('wait for the answers to a few and then go, without waiting out the longest hold', async () => {
    await worker.ctx.db.query(`UPDATE strategy SET canary = '{"holdMs": 5000}'`)
    await venue.faults({ rules: [{ name: 'far', ...ORDERS, action: { kind: 'delay', minMs: 100, maxMs: 100, when: 'answer' } }] })
    const signalId = await alert({ ...OPEN, comment: 'healthy' })
    // Nobody sees the end of this hold.
    await worker.ctx.db.query(`UPDATE fan_out SET hold_until = hold_until + interval '1 hour' WHERE signal_id = $1`, [signalId])
    await settledAs(signalId, { 'open FILLED': COUNT })
    const orders = await worker.ctx.db.query<{ isCanary: boolean; first: number; last: number; n: number }>(
      `SELECT is_canary AS "isCanary", count(*)::int AS n, (extract(epoch FROM min(submitted_at)) * 1000)::float8 AS first, (extract(epoch FROM max(submitted_at)) * 1000)::float8 AS last
         FROM trade_order WHERE signal_id = $1 GROUP BY 1 ORDER BY 1 DESC`,
      [signalId],
    )
    const [canary, rest] = orders
    expect(orders.map(({ n }) => n)).toEqual([CANARY, COUNT - CANARY])
    expect(Number(rest?.first) - Number(canary?.last), 'held until the canary was answered').toBeGreaterThanOrEqual(90)
  })

  it('are not sent where the few were refused, while every close goes', async () => {
    const closed = await alert({ action: 'close', comment: 'flat' })
    await settledAs(closed, { 'close FILLED': COUNT })
    await venue.faults({ rules: [REFUSED] })
    const signalId = await alert({ ...OPEN, comment: 'refused' })
    await settledAs(signalId, { 'open BLOCKED CANARY_HALTED': COUNT - CANARY, 'open REJECTED REJECTED_MINIMUM': CANARY })
    const [told] = await worker.ctx.db.query<{ numbers: unknown }>(
      `SELECT reason_numbers AS numbers FROM trade_order WHERE signal_id = $1 AND reason = 'CANARY_HALTED' LIMIT 1`,
      [signalId],
    )
    expect(told?.numbers).toEqual({ refused: CANARY, answered: CANARY, percent: 100, limitPercent: 30 })
    const [fact] = await worker.ctx.db.query<{ payload: unknown }>(
      `SELECT payload FROM fact WHERE kind = 'opens-stopped' AND user_id = $1`,
      [leader.userId],
    )
    expect(fact?.payload).toEqual({ state: 'HALTED', name: 'Trend', signalId, refused: CANARY, answered: CANARY })
  })

  it('wait no longer than they may for a canary that nobody answers', async () => {
    await worker.ctx.db.query(`UPDATE strategy SET canary = '{"holdMs": 300}'`)
    await venue.faults({
      rules: [{ name: 'silent', ...ORDERS, times: CANARY, action: { kind: 'delay', minMs: 4_000, maxMs: 4_000, when: 'answer' } }],
    })
    const signalId = await alert({ ...OPEN, comment: 'silent' })
    await settledAs(signalId, { 'open FILLED': COUNT })
    const [row] = await worker.ctx.db.query<{ ms: number }>(
      `SELECT (extract(epoch FROM min(submitted_at) FILTER (WHERE NOT is_canary) - min(submitted_at)) * 1000)::float8 AS ms FROM trade_order WHERE signal_id = $1`,
      [signalId],
    )
    expect(row?.ms).toBeGreaterThanOrEqual(200)
    expect(row?.ms).toBeLessThan(3_900)
    await venue.faults({ rules: [] })
    await settledAs(await alert({ action: 'close', comment: 'flat again' }), { 'close FILLED': COUNT })
  })

  it('stop for a while once most of them are refused, closes do not, and the first that are accepted afterwards end it', async () => {
    const { ctx } = worker
    await ctx.db.query(`UPDATE strategy SET canary = '{"isOn": false}'`)
    await settledAs(await alert({ ...OPEN, comment: 'in' }), { 'open FILLED': COUNT })
    await settledAs(await alert({ action: 'close', comment: 'out' }), { 'close FILLED': COUNT })
    await worker.runner.settled()
    // What was accepted so far is longer ago than the breakers look.
    await ctx.db.transaction((tx) => tx.query(`UPDATE trade_order SET submitted_at = submitted_at - interval '1 hour' WHERE leg = 'open'`))
    await venue.faults({ rules: [REFUSED] })
    await settledAs(await alert({ ...OPEN, comment: 'all refused' }), { 'open REJECTED REJECTED_MINIMUM': COUNT })
    const giveAccountsTo = (owner: string) =>
      ctx.db.transaction((tx) => tx.query(`UPDATE account a SET user_id = ${owner} FROM route r WHERE r.account_id = a.id`))
    await giveAccountsTo(`'${leader.userId}'`)
    expect(await tripBreakers({ ctx }), 'one person with many accounts stops nobody').toEqual({ opened: [], closed: [] })
    await giveAccountsTo('r.user_id')
    expect((await tripBreakers({ ctx })).opened.toSorted()).toEqual([`strategy:${strategyId}`, 'venue:PAPER'])
    expect(await tripBreakers({ ctx })).toEqual({ opened: [], closed: [] })

    await venue.faults({ rules: [] })
    await settledAs(await alert({ ...OPEN, comment: 'while open' }), { 'open BLOCKED BREAKER_OPEN': COUNT })
    const own = await listStrategyBreakers({ db: ctx.db, input: { userId: leader.userId, strategyId } })
    expect(own.map(({ kind, name, state, refused }) => [kind, name, state, refused]).toSorted()).toEqual([
      ['strategy', 'Trend', 'OPEN', COUNT],
      ['venue', 'PAPER', 'OPEN', COUNT],
    ])
    for (const { scope } of own) await closeBreaker({ ctx, input: { userId: leader.userId, scope } })
    expect((await listBreakers({ db: ctx.db })).map(({ state }) => state)).toEqual(['HALF_OPEN', 'HALF_OPEN'])
    // What was refused before is forgotten, so that it does not open again at once.
    expect(await tripBreakers({ ctx })).toEqual({ opened: [], closed: [] })
    await expect(closeBreaker({ ctx, input: { userId: leader.userId, scope: 'venue:NOWHERE' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await settledAs(await alert({ ...OPEN, comment: 'on trial' }), { 'open FILLED': COUNT })
    expect((await tripBreakers({ ctx })).closed.toSorted()).toEqual([`strategy:${strategyId}`, 'venue:PAPER'])
    await settledAs(await alert({ action: 'close', comment: 'end' }), { 'close FILLED': COUNT })
  })
})

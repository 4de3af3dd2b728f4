import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSealer } from '@matic/platform'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeOrder, outcomes } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { ENCRYPTION_KEY, openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exchangeKeyBinding } from './key-binding.ts'
import { newestSealingKey } from './newest-sealing-key.ts'

const ROWS = 3_000
const ACCOUNTS = 6
const program = join(import.meta.dirname, '..', '..', '..', '..', 'apps', 'worker', 'src', 'rotate-keys.ts')
const worker = {
  CLIENT_ORDER_ID_KEY: Buffer.alloc(32, 3).toString('base64'),
  VENUE_ADMIN_TOKEN: 'a-token-that-nothing-here-needs',
}

let venue: TestVenue
let bench: Bench
let one: TestWorker
const accounts: TestAccount[] = []

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale: 0.2 })
  one = await bench.worker()
  for (let index = 0; index < ACCOUNTS; index += 1) accounts.push(await openPaperAccount(one.ctx, venue.bank))
  await addSealedRows()
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

/** Keys of people who do not trade right now. */
async function addSealedRows(): Promise<void> {
  const { db } = one.ctx
  const userId = accounts[0]?.userId ?? ''
  const key = await newestSealingKey(db)
  if (!key) throw new Error('no sealing key')
  const sealer = createSealer(key)
  const ids = Array.from({ length: ROWS }, () => randomUUID())
  const sealed = await Promise.all(
    ids.map(async (accountId) =>
      Buffer.from(await sealer.seal(JSON.stringify({ apiKey: accountId, secret: 's' }), exchangeKeyBinding({ accountId, userId }))),
    ),
  )
  await db.query(
    `INSERT INTO account (id, user_id, exchange, environment, label, key_status) SELECT id, $2, 'OKX', 'LIVE', 'A', 'VALID' FROM unnest($1::uuid[]) AS id`,
    [ids, userId],
  )
  await db.query(
    `INSERT INTO exchange_key (account_id, user_id, sealing_key_id, sealed) SELECT x.id, $2, $3, x.sealed FROM unnest($1::uuid[], $4::bytea[]) AS x(id, sealed)`,
    [ids, userId, key.id, sealed],
  )
}

/** What `npm run keys:rotate` starts, as an operator runs it beside the workers. */
function rotate(): { readonly kill: () => void; readonly ended: Promise<{ code: number | null; said: string }> } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: { ...worker, DATABASE_URL: bench.databaseUrl, ENCRYPTION_KEY: Buffer.from(ENCRYPTION_KEY).toString('base64') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<{ code: number | null; said: string }>((resolve) => child.on('close', (code) => resolve({ code, said })))
  return { kill: () => child.kill('SIGKILL'), ended }
}

const pairs = async () =>
  one.ctx.db.query<{ id: string; rows: number }>(
    'SELECT k.id, (SELECT count(*)::int FROM exchange_key e WHERE e.sealing_key_id = k.id) AS rows FROM sealing_key k ORDER BY k.created_at',
  )

/** Opens and closes on every account, each time with a key that is unsealed anew, until told to stop. */
async function trade(stop: { now: boolean }): Promise<void> {
  while (!stop.now) {
    for (const account of accounts) {
      one.ctx.keys.forget(account.accountId)
      await makeOrder(one.ctx, account, { quantityBase: '0.01' })
    }
    await one.settle()
    for (const account of accounts) {
      one.ctx.keys.forget(account.accountId)
      await makeOrder(one.ctx, account, { leg: 'close' })
    }
    await one.settle()
    await one.runner.reconcile()
    await one.runner.settled()
  }
}

it('every key is sealed anew while orders go out, through a kill in the middle, and the old pair is destroyed', async () => {
  const [old] = await pairs()
  const stop = { now: false }
  const trading = trade(stop)

  const first = rotate()
  await expect.poll(async () => (await pairs())[1]?.rows ?? 0, { timeout: 60_000, interval: 20 }).toBeGreaterThan(200)
  first.kill()
  expect((await first.ended).code).toBeNull()
  const between = await pairs()
  expect(between).toHaveLength(2)
  expect(between[0]?.rows).toBeGreaterThan(0)
  await sleep(500)

  const second = await rotate().ended
  expect(second, second.said).toMatchObject({ code: 0 })
  expect(second.said).toMatch(/carried on: \d+ exchange keys sealed anew, 1 old pair destroyed/)
  await sleep(300)
  stop.now = true
  await trading

  expect(await pairs()).toEqual([{ id: between[1]?.id, rows: ROWS + ACCOUNTS }])
  expect(between[1]?.id).not.toBe(old?.id)
  const all = (await Promise.all(accounts.map((account) => outcomes(one.ctx.db, account)))).flat()
  expect(all.filter(({ leg }) => leg === 'open').length).toBeGreaterThan(2 * ACCOUNTS)
  expect(all.filter(({ state, leg }) => state !== 'FILLED' && !(state === 'MOOT' && leg === 'close'))).toEqual([])

  // A worker that starts now reads every one of them.
  await using late = await bench.worker()
  for (const { accountId } of accounts) expect(await late.ctx.keys.open(accountId)).toMatchObject({ accountId })
  const [someone] = await one.ctx.db.query<{ id: string }>(`SELECT id FROM account WHERE exchange = 'OKX' LIMIT 1`)
  expect(await late.ctx.keys.open(someone?.id ?? '')).toMatchObject({ credentials: { apiKey: someone?.id } })
})

it('nothing changes under the wrong ENCRYPTION_KEY', async () => {
  const before = await pairs()
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: { ...worker, DATABASE_URL: bench.databaseUrl, ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64') },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1)
  expect(said).toContain('ENCRYPTION_KEY does not open')
  expect(await pairs()).toEqual(before)
})

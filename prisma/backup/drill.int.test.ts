import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { routes } from '@matic/contracts'
import { createClient, type Client as ApiClient } from '@matic/sdk'
import { createDatabase, createTestFolder, startStack, type Stack } from '@matic/testkit'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { seed } from '../seed.ts'
import { readBackup } from './format.ts'
import { restoreBackup } from './restore-backup.ts'
import { takeBackup } from './take-backup.ts'

const WEBHOOK_TOKEN = 'the-webhook-token-of-the-restore-drill-0123456789'
/** Left so that nothing is done twice. */
const MADE_SAFE = ['audit_log', 'kill_switch', 'lane', 'session']

async function contentOf(path: string): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {}
  let name = ''
  for await (const part of readBackup(path)) {
    if (part.kind === 'table') tables[(name = part.name)] = []
    if (part.kind === 'row') tables[name]?.push(part.line)
  }
  return Object.fromEntries(Object.entries(tables).map(([table, lines]) => [table, lines.toSorted()]))
}

describe('the restore drill', () => {
  const folder = createTestFolder()
  let stack: Stack
  let userId: string
  let database: Client
  let trader: ApiClient
  let admin: ApiClient
  let backup: string

  beforeAll(async () => {
    stack = await startStack({
      apiTimingsScale: 1,
      prepare: async ({ databaseUrl }) => void ({ userId } = await seed({ databaseUrl, webhookToken: WEBHOOK_TOKEN, passwordCost: 4 })),
    })
    trader = await signIn('user@matic.test', 'user123456')
    admin = await signIn('admin@matic.test', 'admin123456')
    database = await connect()
    await vi.waitUntil(() => trader.call(routes.exchange.balance).catch(() => null), { timeout: 60_000, interval: 100 })
    await untilReady()
  })
  afterAll(async () => {
    await database?.end()
    await stack?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Prices of the venue come in, without which nothing opens. */
  async function untilReady(): Promise<void> {
    const ready = async () => expect(await (await fetch(`${stack.apiUrl}/api/health/ready`)).json()).toMatchObject({ status: 'ok' })
    await vi.waitFor(ready, { timeout: 60_000, interval: 200 })
  }
  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: stack.databaseUrl })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  async function signIn(email: string, password: string): Promise<ApiClient> {
    let accessToken: string | null = null
    const client = createClient({ baseUrl: stack.apiUrl, getAccessToken: () => accessToken })
    accessToken = (await client.call(routes.auth.login, { body: { email, password } })).accessToken
    return client
  }
  async function alert(body: object): Promise<string> {
    const response = await fetch(`${stack.apiUrl}/api/webhook/${userId}/${WEBHOOK_TOKEN}`, { method: 'POST', body: JSON.stringify(body) })
    expect(response.status).toBe(200)
    return String(Object(await response.json())['signalId'])
  }
  async function rowsOf(sql: string, values: unknown[] = []): Promise<object[]> {
    return (await database.query(sql, values)).rows
  }
  const positions = () =>
    rowsOf(`SELECT symbol, side, protection FROM position WHERE user_id = $1 AND quantity_base > 0 ORDER BY symbol`, [userId])

  it('takes everything of one moment while the platform trades', async () => {
    await alert({ symbol: 'BTCUSDT', side: 'buy', quantity: 0.01 })
    await vi.waitFor(async () => expect(await positions()).toEqual([{ symbol: 'BTC/USDT:USDT', side: 'LONG', protection: 'PROTECTED' }]), {
      timeout: 60_000,
      interval: 100,
    })
    const taken = await takeBackup({ databaseUrl: stack.databaseUrl, folder })
    backup = taken.path
    expect(taken.rows['app_user']).toBe(2)
    expect(taken.rows['trade_order']).toBeGreaterThanOrEqual(3)
  })

  it('refuses while a worker runs, and where it would overwrite without being told', async () => {
    const restore = (replace: boolean) => restoreBackup({ databaseUrl: stack.databaseUrl, path: backup, replace })
    await expect(restore(false)).rejects.toThrow('not empty')
    await expect(restore(true)).rejects.toThrow('A worker is running')
  })

  it('refuses a backup that was cut short, and leaves what is there as it was', async () => {
    const cut = join(folder, 'matic-cut.sql.gz')
    const text = gunzipSync(readFileSync(backup)).toString()
    writeFileSync(cut, gzipSync(text.slice(0, text.lastIndexOf('-- end'))))
    const fewer = join(folder, 'matic-fewer.sql.gz')
    writeFileSync(fewer, gzipSync(text.replace(/^COPY "app_user".*\n.*\n/m, (block) => block.split('\n')[0] + '\n')))

    await using other = await createDatabase()
    await seed({ databaseUrl: other.url })
    const before = await contentOf((await takeBackup({ databaseUrl: other.url, folder: join(folder, 'before') })).path)
    await expect(restoreBackup({ databaseUrl: other.url, path: cut, replace: true })).rejects.toThrow('ends in the middle')
    await expect(restoreBackup({ databaseUrl: other.url, path: fewer, replace: true })).rejects.toThrow()
    expect(await contentOf((await takeBackup({ databaseUrl: other.url, folder: join(folder, 'after') })).path)).toEqual(before)
  })

  it('brings back every row after the database was wrecked', async () => {
    // The world goes on after the backup: the position is closed at the exchange.
    await alert({ symbol: 'BTCUSDT', action: 'close' })
    await vi.waitFor(async () => expect(await positions()).toEqual([]), { timeout: 60_000, interval: 100 })
    await Promise.all([stack.kill('worker-1'), stack.kill('api-1')])
    await database.query(`DELETE FROM trade_order; DELETE FROM signal; DROP TABLE webhook CASCADE; UPDATE app_user SET email = id::text`)

    const { rows } = await restoreBackup({ databaseUrl: stack.databaseUrl, path: backup, replace: true })
    expect(rows['app_user']).toBe(2)
    const again = await takeBackup({ databaseUrl: stack.databaseUrl, folder: join(folder, 'again') })
    const [before, after] = [await contentOf(backup), await contentOf(again.path)]
    for (const table of Object.keys(before)) {
      if (!MADE_SAFE.includes(table)) expect([table, after[table]]).toEqual([table, before[table]])
    }
    expect(await rowsOf('SELECT count(*)::int AS open FROM session WHERE revoked_at IS NULL')).toEqual([{ open: 0 }])
  })

  it('learns from the exchange what happened since, and opens nothing until somebody says so', async () => {
    expect(await positions()).toHaveLength(1)
    await Promise.all([stack.restart('worker-1'), stack.restart('api-1')])
    await untilReady()
    await vi.waitFor(async () => expect(await positions()).toEqual([]), { timeout: 60_000, interval: 100 })

    const blocked = await alert({ symbol: 'ETHUSDT', side: 'buy', quantity: 0.1 })
    const outcomeOf = (signalId: string) => rowsOf('SELECT outcome, reason FROM decision WHERE signal_id = $1', [signalId])
    await vi.waitFor(async () => expect(await outcomeOf(blocked)).toEqual([{ outcome: 'BLOCKED', reason: 'KILL_SWITCH' }]), {
      timeout: 60_000,
    })

    admin = await signIn('admin@matic.test', 'admin123456')
    await admin.call(routes.admin.killSwitch, { body: { engaged: false } })
    const opened = await alert({ symbol: 'ETHUSDT', side: 'buy', quantity: 0.1, id: 'after the release' })
    await vi.waitFor(async () => expect(await outcomeOf(opened)).toEqual([{ outcome: 'ORDERS', reason: null }]), { timeout: 60_000 })
    await vi.waitFor(async () => expect(await positions()).toEqual([{ symbol: 'ETH/USDT:USDT', side: 'LONG', protection: 'PROTECTED' }]), {
      timeout: 60_000,
    })
  })
})

it('keeps the backups of as many days as it is told', async () => {
  const folder = createTestFolder()
  await using database = await createDatabase()
  const old = join(folder, 'matic-2020-01-01.sql.gz')
  writeFileSync(old, '')
  utimesSync(old, 0, 0)
  const { path } = await takeBackup({ databaseUrl: database.url, folder, keepDays: 7 })
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([path])
  rmSync(folder, { recursive: true, force: true })
})

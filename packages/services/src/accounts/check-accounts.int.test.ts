import { randomUUID } from 'node:crypto'
import { createDb, type Db } from '@matic/db'
import type { AccountProbe } from '@matic/contracts'
import type { ExchangePort, ExchangeResult } from '@matic/exchange/port'
import { createClock, createIds, createRandom, createTimings, SealingError, type Logger } from '@matic/platform'
import { createDatabase, type TestDatabase } from '@matic/testkit'
import { createSmallExchange } from '@matic/testkit/execution/small-exchange'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkAccounts, type CheckContext } from './check-accounts.ts'

const quiet: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined, child: () => quiet }
const healthy: AccountProbe = {
  permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: false },
  ipRestricted: true,
  ipAddresses: ['203.0.113.7'],
  expiresAtMs: null,
  positionMode: 'ONE_WAY',
  marginMode: 'per-symbol',
  holdsFutures: true,
  clockOffsetMs: 3,
  openPositions: 0,
  equity: '10000',
}

let database: TestDatabase
let db: Db
let ctx: CheckContext
let answer: ExchangeResult<AccountProbe>
let probes: number
let opened: string[]
let heard: string[]
let accountId: string

beforeAll(async () => {
  database = await createDatabase()
  db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 6 })
  const small = createSmallExchange()
  const port = (exchange: string, certified: boolean): ExchangePort => ({
    ...small,
    exchange,
    capabilities: { ...small.capabilities, certified },
    probeAccount: async () => {
      probes += 1
      return answer
    },
  })
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
    bus: { publish: (channel) => void heard.push(channel) },
    exchanges: new Map([
      ['BINANCE', port('BINANCE', true)],
      ['OKX-DEMO', port('OKX-DEMO', false)],
    ]),
    keys: {
      open: async (id) => {
        opened.push(id)
        return { accountId: id, credentials: { apiKey: 'k', secret: 's' }, positionMode: 'ONE_WAY' }
      },
      forget: () => undefined,
    },
  }
})
beforeEach(async () => {
  answer = { ok: true, value: healthy }
  probes = 0
  opened = []
  heard = []
  await db.query('UPDATE account SET deleted_at = now() WHERE deleted_at IS NULL')
  accountId = await add({ exchange: 'BINANCE', environment: 'LIVE' })
})
afterAll(async () => {
  await db.close()
  await database.drop()
})

async function add({ exchange, environment }: { exchange: string; environment: string }): Promise<string> {
  const userId = randomUUID()
  const id = randomUUID()
  await db.query(`INSERT INTO app_user (id, email, password_hash, full_name) VALUES ($1, $2, '-', 'T')`, [userId, `${userId}@test`])
  await db.query(`INSERT INTO account (id, user_id, exchange, environment, label) VALUES ($1, $2, $3, $4, 'A')`, [
    id,
    userId,
    exchange,
    environment,
  ])
  await db.query('INSERT INTO lane (account_id) VALUES ($1)', [id])
  return id
}
const due = () => db.query(`UPDATE account SET check_at = 'epoch' WHERE id = $1`, [accountId])
async function found(id = accountId) {
  const [row] = await db.query<{ status: string; codes: string[] | null; nextInS: number }>(
    `SELECT a.key_status AS status, (SELECT array_agg(f->>'code') FROM jsonb_array_elements(c.findings) f) AS codes,
            round(extract(epoch FROM a.check_at - clock_timestamp()))::int AS "nextInS"
       FROM account a LEFT JOIN account_check c ON c.account_id = a.id WHERE a.id = $1`,
    [id],
  )
  return row
}
const refused = (code: string): ExchangeResult<AccountProbe> => ({
  ok: false,
  failure: { verdict: 'AUTH', execution: 'refused', retryable: false, code, text: 'No.', reason: 'KEY_INVALID', retryAfterMs: null },
})
const silent: ExchangeResult<AccountProbe> = {
  ok: false,
  failure: {
    verdict: 'UNKNOWN',
    execution: 'unknown',
    retryable: false,
    code: 'timeout',
    text: '',
    reason: 'UNKNOWN_OUTCOME',
    retryAfterMs: null,
  },
}
const withdraws: ExchangeResult<AccountProbe> = { ok: true, value: { ...healthy, permissions: { ...healthy.permissions, withdraw: true } } }

describe('the account doctor', () => {
  it('makes a new account valid, and looks again a day later', async () => {
    expect(await checkAccounts(ctx)).toBe(1)
    expect(await found()).toEqual({ status: 'VALID', codes: null, nextInS: expect.closeTo(86_400, -2) })
    expect(await checkAccounts(ctx)).toBe(0)
  })

  it('never lets a key that may withdraw trade', async () => {
    answer = withdraws
    await checkAccounts(ctx)
    expect(await found()).toMatchObject({ status: 'INVALID', codes: ['WITHDRAWAL_ALLOWED'] })
  })

  it('freezes an account whose key got the right later, and thaws it when it is gone', async () => {
    await checkAccounts(ctx)
    answer = withdraws
    await due()
    await checkAccounts(ctx)
    expect(await found()).toMatchObject({ status: 'FROZEN', codes: ['WITHDRAWAL_ALLOWED'] })
    answer = { ok: true, value: healthy }
    await due()
    await checkAccounts(ctx)
    expect(await found()).toMatchObject({ status: 'VALID', codes: null })
  })

  it('says which of key, secret and address is refused', async () => {
    answer = refused('-2015')
    await checkAccounts(ctx)
    expect(await found()).toMatchObject({ status: 'INVALID', codes: ['KEY_OR_IP_OR_PERMISSION'] })
    expect(await db.query(`SELECT findings->0->'params'->>'code' AS code FROM account_check WHERE account_id = $1`, [accountId])).toEqual([
      { code: '-2015' },
    ])
  })

  it('changes nothing when the exchange is silent, and asks again soon', async () => {
    answer = { ok: true, value: { ...healthy, ipRestricted: false } }
    await checkAccounts(ctx)
    answer = silent
    await due()
    await checkAccounts(ctx)
    expect(await found()).toMatchObject({ status: 'VALID', codes: ['NO_IP_RULE', 'EXCHANGE_SILENT'], nextInS: expect.closeTo(300, -1) })
    await due()
    await checkAccounts(ctx)
    expect((await found())?.codes).toEqual(['NO_IP_RULE', 'EXCHANGE_SILENT'])
  })

  it('takes each account once, however many workers look', async () => {
    for (let index = 0; index < 15; index += 1) await add({ exchange: 'BINANCE', environment: 'LIVE' })
    const rounds = await Promise.all(Array.from({ length: 4 }, () => checkAccounts(ctx)))
    expect(rounds.reduce((sum, count) => sum + count)).toBe(16)
    expect(new Set(opened).size).toBe(16)
    expect(probes).toBe(16)
  })

  it('answers whoever asked, and leaves later questions to the next look', async () => {
    const ask = async (id: string, shift: string) =>
      db.query(
        `INSERT INTO exchange_request (id, account_id, kind, params, created_at) VALUES ($1, $2, 'CHECK_ACCOUNT', '{}', now() + $3::interval)`,
        [id, accountId, shift],
      )
    const [now, later] = [randomUUID(), randomUUID()]
    await ask(now, '0')
    await ask(later, '1 minute')
    await checkAccounts(ctx)
    expect(await db.query('SELECT id, state FROM exchange_request WHERE account_id = $1 ORDER BY created_at', [accountId])).toEqual([
      { id: now, state: 'DONE' },
      { id: later, state: 'PENDING' },
    ])
    expect(heard).toEqual(expect.arrayContaining(['answers', 'facts', 'invalidate']))
  })

  it('keeps the balance of an account on which nothing is traded yet', async () => {
    const id = await add({ exchange: 'OKX', environment: 'DEMO' })
    await checkAccounts(ctx)
    expect(await found(id)).toMatchObject({ status: 'VALID', codes: ['VENUE_NOT_CERTIFIED'], nextInS: expect.closeTo(900, -1) })
    expect(await db.query('SELECT trim_scale(equity)::text AS equity FROM account_state WHERE account_id = $1', [id])).toEqual([
      { equity: '10000' },
    ])
  })

  it('says that a key does not open, and blames nobody’s key for it', async () => {
    await checkAccounts(ctx)
    const broken: CheckContext = { ...ctx, keys: { ...ctx.keys, open: () => Promise.reject(new SealingError('of another installation')) } }
    await due()
    await checkAccounts(broken)
    expect(await found()).toMatchObject({ status: 'VALID', codes: ['KEY_UNREADABLE'] })
    await due()
    await checkAccounts(ctx)
    expect(await found()).toMatchObject({ status: 'VALID', codes: null })
  })

  it('does not bring a deleted account back', async () => {
    const open = ctx.keys.open
    const meanwhile: CheckContext = {
      ...ctx,
      keys: {
        ...ctx.keys,
        open: async (id) => {
          await db.query(`UPDATE account SET deleted_at = now(), key_status = 'INVALID' WHERE id = $1`, [id])
          return open(id)
        },
      },
    }
    await checkAccounts(meanwhile)
    expect(await found()).toMatchObject({ status: 'INVALID', codes: null })
  })
})

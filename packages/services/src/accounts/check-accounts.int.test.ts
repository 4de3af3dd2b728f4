import { randomUUID } from 'node:crypto'
import { createDb, type Db } from '@matic/db'
import type { ExchangePort, ExchangeResult, ProbedAccount } from '@matic/exchange/port'
import { createRequestBudget } from '@matic/exchange'
import { createClock, createIds, createRandom, createTimings, SealingError, type Logger } from '@matic/platform'
import { createDatabase, type TestDatabase } from '@matic/testkit'
import { createSmallExchange } from '@matic/testkit/execution/small-exchange'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkAccounts, type CheckContext } from './check-accounts.ts'
import { deleteAccount } from './delete-account.ts'

const quiet: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined, child: () => quiet }
const healthy: ProbedAccount = {
  uid: null,
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
let answer: ExchangeResult<ProbedAccount>
let probes: number
let opened: string[]
let heard: string[]
let accountId: string
/** Under which id the exchange knows the account of a key. */
const uidOf = new Map<string, string>()

beforeAll(async () => {
  database = await createDatabase()
  db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 6 })
  const small = createSmallExchange()
  const port = (exchange: string, certified: boolean): ExchangePort => ({
    ...small,
    exchange,
    capabilities: { ...small.capabilities, certified },
    probeAccount: async (account) => {
      probes += 1
      const uid = uidOf.get(account.accountId)
      return answer.ok && uid !== undefined ? { ok: true, value: { ...answer.value, uid } } : answer
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
  await db.query('UPDATE account SET deleted_at = now(), exchange_identity = NULL WHERE deleted_at IS NULL')
  accountId = await add({ exchange: 'BINANCE', environment: 'LIVE' })
})
afterAll(async () => {
  await db.close()
  await database.drop()
})

it('a key that trades already waits where its address may ask nothing more, and whoever has just added one does not', async () => {
  const budget = createRequestBudget({ requests: 20, windowMs: 5_000 })
  const port = ctx.exchanges.get('BINANCE')
  if (!port) throw new Error('no exchange')
  const limited = { ...ctx, exchanges: new Map([['BINANCE', { ...port, budget }]]) }
  await db.query(`UPDATE account SET key_status = 'VALID' WHERE id = $1`, [accountId])
  const taken = budget.takeTurns('urgent', 20)
  await add({ exchange: 'BINANCE', environment: 'LIVE' })
  await checkAccounts(limited)
  expect(probes).toBe(1)
  taken?.giveBack()
  await db.query(`UPDATE account SET check_at = now() WHERE id = $1 AND check_at < now() + interval '11 seconds'`, [accountId])
  await checkAccounts(limited)
  expect(probes).toBe(2)
})

async function add({ exchange, environment, owner }: { exchange: string; environment: string; owner?: string }): Promise<string> {
  const userId = owner ?? randomUUID()
  const id = randomUUID()
  await db.query(`INSERT INTO app_user (id, email, password_hash, full_name) VALUES ($1, $2, '-', 'T') ON CONFLICT DO NOTHING`, [
    userId,
    `${userId}@test`,
  ])
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
const refused = (code: string): ExchangeResult<ProbedAccount> => ({
  ok: false,
  failure: { verdict: 'AUTH', execution: 'refused', retryable: false, code, text: 'No.', reason: 'KEY_INVALID', retryAfterMs: null },
})
const silent: ExchangeResult<ProbedAccount> = {
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
const withdraws: ExchangeResult<ProbedAccount> = {
  ok: true,
  value: { ...healthy, permissions: { ...healthy.permissions, withdraw: true } },
}

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

describe('one account at the exchange', () => {
  const BINANCE = { exchange: 'BINANCE', environment: 'LIVE' }
  const ownerOf = async (id: string) =>
    (await db.query<{ userId: string }>('SELECT user_id AS "userId" FROM account WHERE id = $1', [id]))[0]
  const look = async (...ids: string[]) => {
    await db.query(`UPDATE account SET check_at = 'epoch' WHERE id = ANY($1::uuid[])`, [ids])
    await checkAccounts(ctx)
  }
  let second: string

  beforeEach(async () => {
    uidOf.clear()
    second = await add({ ...BINANCE, owner: (await ownerOf(accountId))?.userId ?? '' })
    for (const id of [accountId, second]) uidOf.set(id, 'alias-1')
    await db.query(`UPDATE account SET check_at = now() + interval '1 day' WHERE id = $1`, [second])
    await look(accountId)
  })

  it('is connected once, with whatever key: the second is refused and says where the first is', async () => {
    await look(second)
    expect(await found(accountId)).toMatchObject({ status: 'VALID', codes: null })
    expect(await found(second)).toMatchObject({ status: 'INVALID', codes: ['SAME_ACCOUNT'] })
    expect(await db.query(`SELECT findings->0->'params' AS params FROM account_check WHERE account_id = $1`, [second])).toEqual([
      { params: { exchange: 'Binance', label: 'A' } },
    ])
    await look(accountId)
    expect(await found(accountId)).toMatchObject({ status: 'VALID', codes: null })
  })

  it('of somebody else is refused without a word about whose it is', async () => {
    const stranger = await add(BINANCE)
    uidOf.set(stranger, 'alias-1')
    await look(stranger)
    expect(await found(stranger)).toMatchObject({ status: 'INVALID', codes: ['SAME_ACCOUNT_ELSEWHERE'] })
    expect(await db.query(`SELECT findings->0->'params' AS params FROM account_check WHERE account_id = $1`, [stranger])).toEqual([
      { params: { exchange: 'Binance' } },
    ])
  })

  it('is another one in demo, at another exchange, and under another id', async () => {
    const demo = await add({ exchange: 'OKX', environment: 'DEMO' })
    const other = await add(BINANCE)
    uidOf.set(demo, 'alias-1').set(other, 'alias-2')
    await look(demo, other)
    expect(await found(demo)).toMatchObject({ status: 'VALID' })
    expect(await found(other)).toMatchObject({ status: 'VALID' })
  })

  it('has one of them when many are looked at in the same moment', async () => {
    const crowd = [second]
    for (let index = 0; index < 8; index += 1) crowd.push(await add(BINANCE))
    for (const id of crowd) uidOf.set(id, 'alias-9')
    await db.query(`UPDATE account SET check_at = 'epoch' WHERE id = ANY($1::uuid[])`, [crowd])
    await Promise.all(Array.from({ length: 4 }, () => checkAccounts(ctx)))
    const states = await Promise.all(crowd.map((id) => found(id)))
    expect(states.filter((state) => state?.status === 'VALID')).toHaveLength(1)
    expect(states.filter((state) => state?.status === 'INVALID')).toHaveLength(8)
  })

  it('goes to the new key when the old one is no longer taken, or deleted, and the old one does not come back beside it', async () => {
    answer = refused('-2015')
    await look(accountId)
    answer = { ok: true, value: healthy }
    await look(second)
    expect(await found(second)).toMatchObject({ status: 'VALID', codes: null })
    await look(accountId)
    expect(await found(accountId)).toMatchObject({ status: 'INVALID', codes: ['SAME_ACCOUNT'] })

    await deleteAccount({ ctx, input: { userId: (await ownerOf(second))?.userId ?? '', accountId: second, ip: null } })
    await look(accountId)
    expect(await found(accountId)).toMatchObject({ status: 'VALID', codes: null })
  })

  it('that traded under two keys before is frozen under one of them: it closes, and opens nothing', async () => {
    await db.query(`UPDATE account SET key_status = 'VALID' WHERE id = $1`, [second])
    await look(second)
    expect(await found(second)).toMatchObject({ status: 'FROZEN', codes: ['SAME_ACCOUNT'] })
  })

  it('is not held by a key that may not trade', async () => {
    const [first, better] = [await add(BINANCE), await add(BINANCE)]
    for (const id of [first, better]) uidOf.set(id, 'alias-3')
    await db.query(`UPDATE account SET check_at = now() + interval '1 day' WHERE id = $1`, [better])
    answer = withdraws
    await look(first)
    answer = { ok: true, value: healthy }
    await look(better)
    expect(await found(better)).toMatchObject({ status: 'VALID' })
  })
})

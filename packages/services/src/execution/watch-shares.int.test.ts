import { randomUUID } from 'node:crypto'
import { createBench, type Bench, type TestWorker } from '@matic/testkit/execution/bench'
import { makeAccount } from '@matic/testkit/execution/factories'
import { createSmallExchange } from '@matic/testkit/execution/small-exchange'
import { createSeededRandom } from '@matic/testkit/seeded-random'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AccountKeys } from './context.ts'
import { watchShares } from './watch-shares.ts'

const keys: AccountKeys = {
  open: async (accountId) => ({ accountId, credentials: { apiKey: 'k', secret: 's' }, positionMode: 'ONE_WAY' }),
  forget: () => undefined,
}
let bench: Bench
let one: TestWorker

beforeAll(async () => {
  bench = await createBench({ port: () => createSmallExchange(), keys: () => keys })
  one = await bench.worker()
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bench[Symbol.asyncDispose]()
})

interface Share {
  readonly id: string
  readonly accountId: string
  readonly userId: string
  readonly symbol: string
  /** Whole, signed. */
  readonly base: number
  readonly stop: number | null
  readonly target: number | null
  readonly protection: string
}

const MARKS: Readonly<Record<string, { price: number; ageS: number }>> = {
  'AAA/USDT:USDT': { price: 100, ageS: 1 },
  'BBB/USDT:USDT': { price: 200, ageS: 1 },
  'CCC/USDT:USDT': { price: 300, ageS: 90 },
}

/** Whether the mark is at the price or beyond it: below zero for what falls. */
const isPast = (mark: number, price: number | null, way: number) => price !== null && way * (mark - price) >= 0

it('carries out what the mark of a market has crossed, of shares on either side, and nothing else', async () => {
  const random = createSeededRandom(7)
  const { db } = one.ctx
  for (const [symbol, { price, ageS }] of Object.entries(MARKS))
    await db.query(
      `INSERT INTO market (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, min_notional, max_leverage, contract_size, status, updated_at, mark_price, mark_at)
       VALUES ('PAPER', $1, $1, 'A', 'USDT', 1, 1, 1, 5, 20, 1, 'TRADING', now(), $2, now() - make_interval(secs => $3)), ('OTHER', $1, $1, 'A', 'USDT', 1, 1, 1, 5, 20, 1, 'TRADING', now(), 1, now())`,
      [symbol, price, ageS],
    )
  const shares: Share[] = []
  const refusing = new Set<string>()
  for (let account = 0; account < 12; account += 1) {
    const { accountId, userId } = await makeAccount(db)
    if (random.chance(0.2)) refusing.add(accountId)
    else await db.query(`UPDATE account SET shared_symbols = 'net' WHERE id = $1`, [accountId])
    for (const [symbol, { price }] of Object.entries(MARKS))
      for (let source = 0; source < 3; source += 1) {
        const near = () => (random.chance(0.3) ? null : price + random.integer(-3, 3))
        const protection = random.pick(['PROTECTED', 'PROTECTING', 'NONE', 'EMERGENCY'] as const)
        shares.push({ id: randomUUID(), accountId, userId, symbol, base: random.integer(-2, 2), stop: near(), target: near(), protection })
      }
  }
  await db.query(
    `INSERT INTO position_share (id, user_id, account_id, route_id, symbol, quantity_base, stop_price, target_price, protection, epoch)
     SELECT id, u, a, gen_random_uuid(), sym, q, s, t, p, 1 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::numeric[], $7::numeric[], $8::text[]) AS x(id, u, a, sym, q, s, t, p)`,
    [
      shares.map(({ id }) => id),
      shares.map(({ userId }) => userId),
      shares.map(({ accountId }) => accountId),
      shares.map(({ symbol }) => symbol),
      shares.map(({ base }) => base),
      shares.map(({ stop }) => stop),
      shares.map(({ target }) => target),
      shares.map(({ protection }) => protection),
    ],
  )

  const expected = shares.flatMap((share) => {
    const { price = 0, ageS = 0 } = MARKS[share.symbol] ?? {}
    const side = Math.sign(share.base)
    const isOpposed = shares.some(
      (other) => other.accountId === share.accountId && other.symbol === share.symbol && Math.sign(other.base) === -side && side !== 0,
    )
    if (!isOpposed || ageS > 60 || refusing.has(share.accountId) || share.protection === 'EMERGENCY') return []
    if (isPast(price, share.stop, -side)) return [`${share.id} emergency`]
    return isPast(price, share.target, side) ? [`${share.id} close`] : []
  })
  expect(expected.length).toBeGreaterThan(10)
  expect(await watchShares(one.ctx)).toBe(expected.length)
  const ordered = await db.query<{ name: string }>(`SELECT split_part(cause, ':', 2) || ' ' || leg AS name FROM trade_order`)
  expect(ordered.map(({ name }) => name).toSorted()).toEqual(expected.toSorted())
  expect(await watchShares(one.ctx)).toBe(0)
})

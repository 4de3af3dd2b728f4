import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AccountKeys } from './context.ts'
import { createBench } from './testing/bench.ts'
import type { Bench, TestWorker } from './testing/bench.ts'
import { makeAccount, makeOrder, outcomes, positionOf } from './testing/factories.ts'
import { createSmallExchange } from './testing/small-exchange.ts'

const keys: AccountKeys = { open: async (accountId) => ({ accountId, credentials: { apiKey: 'k', secret: 's' }, positionMode: 'ONE_WAY' }), forget: () => undefined }
const exchange = createSmallExchange()
let bench: Bench
let one: TestWorker

beforeAll(async () => {
  bench = await createBench({ port: exchange, keys })
  one = await bench.worker()
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bench[Symbol.asyncDispose]()
})

it('fills an open, protects it with stop and target, closes it and removes both', async () => {
  const account = await makeAccount(one.ctx.db)
  await makeOrder(one.ctx, account, { stopFraction: '0.05', targetFraction: '0.1' })
  await one.settle()
  expect(await positionOf(one.ctx.db, account)).toEqual({ side: 'LONG', quantity: '1', protection: 'PROTECTED', stop: '95', target: '110', epoch: 1 })
  expect(await outcomes(one.ctx.db, account)).toMatchObject([
    { leg: 'open', state: 'FILLED', attempts: 1, protected: true },
    { leg: 'stop', state: 'ACKED', attempts: 1 },
    { leg: 'target', state: 'ACKED', attempts: 1 },
  ])

  await makeOrder(one.ctx, account, { leg: 'close' })
  await one.settle()
  expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '0', protection: 'NONE', stop: null })
  expect((await outcomes(one.ctx.db, account)).map(({ leg, state, reason }) => [leg, state, reason])).toEqual([
    ['open', 'FILLED', null],
    ['stop', 'CANCELED', 'CANCELED_SIBLING'],
    ['target', 'CANCELED', 'CANCELED_SIBLING'],
    ['close', 'FILLED', null],
  ])
})

import { createServer, type Server } from 'node:http'
import { defineRoute, routes, type RouteDefinition } from '@matic/contracts'
import { getApiKey } from '@matic/services/accounts/api-key-view'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { runMatrix, type Cast } from '../../test/matrix/run-matrix.ts'
import { makePerson, makeWorld } from '../../test/matrix/world.ts'
import { startApi, type TestApi } from '../../test/start-api.ts'
import { failureHandler } from '../http/failure.ts'
import { attach, mount, type Mounted } from '../http/mount.ts'

const all: RouteDefinition[] = Object.values(routes).flatMap((group): RouteDefinition[] => Object.values(group))

let api: TestApi
let cast: Cast
beforeAll(async () => {
  // Where mails are sent the development inbox, which shows everybody's, is nowhere.
  api = await startApi({ env: { SMTP_HOST: 'mail.example.org', API_REQUESTS_PER_MINUTE: '100000', TIMINGS_SCALE: '0.05' } })
  await api.db.query(
    `INSERT INTO market (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, min_notional, max_leverage, mark_price, mark_at, updated_at)
     VALUES ('PAPER', 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', 0.1, 0.001, 0.001, 5, 125, 1, now(), now())`,
  )
  cast = await makeCast()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

async function makeCast(): Promise<Cast> {
  const id = `${Date.now()}-${Math.floor(Math.random() * 1e6)}`
  return {
    owner: await makeWorld(api),
    other: await makePerson(api, 'USER', `other-${id}`),
    admin: await makePerson(api, 'ADMIN', `admin-${id}`),
    superAdmin: await makePerson(api, 'SUPER_ADMIN', `super-${id}`),
  }
}

it('every route gives everybody what its policy says, nobody what is somebody else’s, and changes nothing of theirs', async () => {
  const startedMs = performance.now()
  const { findings, calls, telling } = await runMatrix({ routes: all, url: api.url, db: api.db, cast })
  console.info(
    `${calls} calls of ${all.length} routes in ${Math.round(performance.now() - startedMs)} ms; ${telling.length} tell the owner something of their own`,
  )
  expect(findings).toEqual([])
  // What the owner reads is what others could have read by mistake: without it the rest would prove nothing.
  const silent = all.filter(({ method, path, policy }) => method === 'GET' && policy === 'user' && !telling.includes(`${method} ${path}`))
  expect(silent.map(({ path }) => path).toSorted()).toEqual([
    '/api/activity/counts',
    '/api/auth/totp',
    '/api/exchange/server-addresses',
    '/api/onboarding',
    '/api/strategies/:strategyId/breakers',
  ])
})

describe('the matrix itself finds', () => {
  const path = '/api/orders/:id/planted'
  const readsAll = defineRoute({
    method: 'GET',
    path,
    policy: 'user',
    summary: 'Looks for the order by its id alone.',
    params: z.object({ id: z.uuid() }),
    response: z.object({ reason: z.string() }),
  })
  const writesAll = defineRoute({
    method: 'POST',
    path: '/api/exchange/api-keys/:id/planted',
    policy: 'user',
    summary: 'Changes the account by its id alone, and says that there is none.',
    params: z.object({ id: z.uuid() }),
    response: z.object({}),
  })
  const open: RouteDefinition = defineRoute({
    method: 'GET',
    path: '/api/planted/open',
    policy: 'user',
    summary: 'Asks nobody.',
    response: z.object({}),
  })
  const forAdmins = defineRoute({
    method: 'GET',
    path: '/api/planted/admin',
    policy: 'user',
    summary: 'Is mounted for users.',
    response: z.object({}),
  })
  const unproved = defineRoute({
    method: 'POST',
    path: '/api/planted/step-up',
    policy: 'user',
    summary: 'Forgets to ask.',
    response: z.object({}),
  })

  const planted: readonly Mounted[] = [
    mount(readsAll, async ({ ctx, params }) => {
      const [row] = await ctx.db.query<{ reason: string }>('SELECT reason FROM trade_order WHERE id = $1', [params.id])
      return { data: { reason: row?.reason ?? '' } }
    }),
    mount(writesAll, async ({ ctx, actor, params }) => {
      await ctx.db.query(`UPDATE account SET label = label || '!' WHERE id = $1`, [params.id])
      await getApiKey({ db: ctx.db, userId: actor.userId, accountId: params.id })
      return { data: {} }
    }),
    { route: open, answer: async () => ({ data: {} }) },
    mount(forAdmins, async () => ({ data: {} })),
    mount(unproved, async () => ({ data: {} })),
  ]

  async function withPlanted<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
    const app = express()
    app.use(express.json())
    const router = express.Router()
    attach({ router, ctx: api.ctx, mounted: planted, expected: [] })
    app.use(router)
    app.use(failureHandler(api.ctx))
    const server: Server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    try {
      return await work(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }
  async function found(route: RouteDefinition): Promise<string> {
    const theirs = await makeCast()
    return withPlanted(async (url) => (await runMatrix({ routes: [route], url, db: api.db, cast: theirs })).findings.join('\n'))
  }

  it('a row read by its id alone', async () => {
    expect(await found(readsAll)).toMatch(/by other user with an id of the owner: told something of the owner's: canary/)
  })
  it('a row changed by its id alone, although the answer says 404', async () => {
    const findings = await found(writesAll)
    expect(findings).toMatch(/by other user with an id of the owner.*: changed something of the owner's/)
    expect(findings).not.toMatch(/answered 200/)
  })
  it('a route that asks nobody who they are', async () => {
    expect(await found(open)).toBe('GET /api/planted/open by nobody: answered 200 , should be 401')
  })
  it('a route for administrators that lets everybody in', async () => {
    expect(await found({ ...forAdmins, policy: 'super-admin' })).toMatch(
      /by admin: answered 200 , should be 403\n.*by other user: answered 200/,
    )
  })
  it('a route that should ask for proof and does not', async () => {
    expect(await found({ ...unproved, stepUp: true })).toMatch(/asks for no proof \(200/)
  })
  it('a route without a policy, which also keeps the api from starting', async () => {
    const { policy: _none, ...rest } = readsAll
    const without: RouteDefinition = Object.assign({}, rest, JSON.parse('{}'))
    expect(await found(without)).toMatch(/declares no policy/)
    const mounted = [{ route: without, answer: async () => ({ data: {} }) }]
    expect(() => attach({ router: express.Router(), ctx: api.ctx, mounted, expected: [] })).toThrow(/has no policy/)
  })
})

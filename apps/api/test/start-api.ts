import { randomBytes } from 'node:crypto'
import { createDb, type Db } from '@matic/db'
import { readApiEnv } from '@matic/platform'
import { seed } from '@matic/prisma/seed'
import { createDatabase } from '@matic/testkit'
import { readTestEnvironment } from '@matic/testkit/env'
import { createApp } from '../src/app.ts'
import { createApiContext, type ApiContext } from '../src/context.ts'
import { createSockets } from '../src/sockets/index.ts'

export const ADMIN = { email: 'admin@matic.test', password: 'admin123456' }
export const TRADER = { email: 'user@matic.test', password: 'user123456' }
export const FRONTEND_URL = 'https://trade.example.org'
const WEBHOOK_TOKEN = 'a-token-that-only-this-test-knows-0123456789'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: {
    success?: boolean
    data?: never
    message?: string
    signalId?: string
    duplicate?: boolean
    error?: { code: string; details?: Record<string, unknown>; requestId: string }
  }
}

export interface TestApi extends AsyncDisposable {
  readonly url: string
  readonly ctx: ApiContext
  readonly db: Db
  readonly databaseUrl: string
  readonly jwtSecret: string
  readonly userId: string
  readonly webhookPath: string
  request(
    method: string,
    path: string,
    options?: { token?: string | undefined; json?: unknown; body?: string | Buffer; headers?: Record<string, string> },
  ): Promise<Answer>
  signIn(who?: { email: string; password: string }): Promise<{ accessToken: string; refreshToken: string; cookie: string }>
}

interface StartApiOptions {
  readonly env?: Record<string, string>
  /** The least there is: a third of a second for each sign-in would be most of the time these tests take. */
  readonly passwordCost?: number
}

/** The real app with real storage, in this process, for the seeded people. */
export async function startApi({ env = {}, passwordCost = 4 }: StartApiOptions = {}): Promise<TestApi> {
  const database = await createDatabase()
  const { userId } = await seed({ databaseUrl: database.url, webhookToken: WEBHOOK_TOKEN, passwordCost })
  const jwtSecret = randomBytes(64).toString('hex')
  const { redisUrl } = readTestEnvironment()
  const source = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'error',
    DATABASE_URL: database.url,
    JWT_SECRET: jwtSecret,
    JWT_REFRESH_SECRET: randomBytes(64).toString('hex'),
    TOTP_KEY: randomBytes(32).toString('base64'),
    FRONTEND_URL,
    TIMINGS_SCALE: '0.2',
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    ...env,
  }
  const ctx = createApiContext({ ...readApiEnv(source), passwordCost })
  const db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 3 })
  const server = createApp(ctx)
  const sockets = createSockets({ ctx, server })
  sockets.start()
  await ctx.bus.ready
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  const url = `http://127.0.0.1:${address.port}`

  const request: TestApi['request'] = async (method, path, { token, json, body, headers } = {}) => {
    const sent = json === undefined ? body : JSON.stringify(json)
    const response = await fetch(`${url}${path}`, {
      method,
      ...(sent === undefined ? {} : { body: typeof sent === 'string' ? sent : new Uint8Array(sent) }),
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
  }

  return {
    url,
    ctx,
    db,
    databaseUrl: database.url,
    jwtSecret,
    userId,
    webhookPath: `/api/webhook/${userId}/${WEBHOOK_TOKEN}`,
    request,
    async signIn(who = TRADER) {
      const { body, headers } = await request('POST', '/api/auth/login', { json: who })
      const { accessToken, refreshToken } = dataOf<{ accessToken: string; refreshToken: string }>(body)
      return { accessToken, refreshToken, cookie: (headers.getSetCookie()[0] ?? '').split(';')[0] ?? '' }
    },
    async [Symbol.asyncDispose]() {
      await sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await ctx.close()
      await db.close()
      await database.drop()
    },
  }
}

/** What a success carries, as the caller knows it. */
export function dataOf<Data>(body: Answer['body']): Data {
  if (body.success !== true || body.data === undefined) throw new Error(`Not a success: ${JSON.stringify(body)}`)
  return body.data
}

import { createServer, type Server } from 'node:http'
import { routes, type RouteDefinition } from '@matic/contracts'
import { AppError } from '@matic/contracts/errors'
import express, { type Express } from 'express'
import helmet from 'helmet'
import type { ApiContext } from './context.ts'
import { failureHandler } from './http/failure.ts'
import { createHealth } from './http/health.ts'
import { createReference } from './http/reference.ts'
import { attach } from './http/mount.ts'
import { mountedRoutes } from './routes/index.ts'
import { createWebhookDoor } from './webhook/door.ts'

const JSON_BYTES_MAX = 64 * 1024
const HEADERS_WITHIN_MS = 5_000
const REQUEST_WITHIN_MS = 10_000
/** Node looks for senders that are late every 30 s unless told. */
const SLOW_SENDERS_EVERY_MS = 1_000
/** Longer than nginx keeps its side, so that it never writes to a connection that we just closed. */
const KEEP_ALIVE_MS = 75_000

/** The HTTP server as production and tests run it: the alert door first, then everything else. */
export function createApp(ctx: ApiContext): Server {
  const door = createWebhookDoor(ctx)
  const rest = createRest(ctx)
  const server = createServer({ connectionsCheckingInterval: SLOW_SENDERS_EVERY_MS }, (req, res) => {
    if (!door.takes(req, res)) rest(req, res)
  })
  server.headersTimeout = HEADERS_WITHIN_MS
  server.requestTimeout = REQUEST_WITHIN_MS
  server.keepAliveTimeout = KEEP_ALIVE_MS
  return server
}

function createRest(ctx: ApiContext): Express {
  const app = express()
  app.set('trust proxy', ctx.config.trustProxyHops)
  app.set('query parser', 'simple')
  app.set('etag', false)
  app.use(helmet())
  app.use((req, res, next) => {
    const requestId = ctx.newId()
    res.setHeader('x-request-id', requestId)
    res.setHeader('cache-control', 'no-store')
    ctx.log.requests.run(requestId, next)
    const startedMs = ctx.clock.monotonic()
    res.once('finish', () => {
      const ms = ctx.clock.monotonic() - startedMs
      const route: string | null = req.route?.path ?? null
      ctx.log.debug({ requestId, method: req.method, route, status: res.statusCode, ms: Math.round(ms) }, 'answered')
      ctx.metrics.requestAnswered({ method: req.method, route: route ?? 'none', status: res.statusCode }, ms / 1_000)
    })
  })
  app.use(createHealth(ctx))
  app.use(createReference())
  app.use(express.json({ limit: JSON_BYTES_MAX, inflate: false }))

  const router = express.Router({ caseSensitive: true, strict: true })
  attach({ router, ctx, mounted: mountedRoutes, expected: allRoutes() })
  app.use(router)
  app.use(() => {
    throw new AppError('NOT_FOUND', 'There is nothing at this address')
  })
  app.use(failureHandler(ctx))
  return app
}

function allRoutes(): RouteDefinition[] {
  return Object.values(routes).flatMap((group): RouteDefinition[] => Object.values(group))
}

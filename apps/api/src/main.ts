import { setTimeout as sleep } from 'node:timers/promises'
import {
  createLifecycle,
  EnvError,
  keepCompiledCode,
  readApiEnv,
  refuseKeysOfWorkers,
  startMetricsServer,
  waitForShutdownSignal,
  type Component,
  type MetricsServer,
} from '@matic/platform'
import { checkTotpKey } from '@matic/services/auth/index'
import { checkDurability } from '@matic/services/webhook/index'
import { createApp } from './app.ts'
import { createApiContext, type ApiContext } from './context.ts'
import { createSockets } from './sockets/index.ts'

const DATABASE_RETRY_MS = 500
const STOP_ANSWERING_MS = 8_000

async function main(): Promise<void> {
  refuseKeysOfWorkers()
  const ctx = createApiContext(readApiEnv())
  const stopping = new AbortController()
  const stop = waitForShutdownSignal().finally(() => stopping.abort())
  const lifecycle = createLifecycle({ components: components(ctx, stopping.signal), logger: ctx.log })
  try {
    await lifecycle.start()
    const signal = await stop
    ctx.log.info({ signal }, 'stopping')
  } catch {
    // The lifecycle has said what failed.
    process.exitCode = stopping.signal.aborted ? 0 : 1
  }
  await lifecycle.stop()
  await ctx.close()
}

function components(ctx: ApiContext, stopping: AbortSignal): Component[] {
  const server = createApp(ctx)
  const sockets = createSockets({ ctx, server })
  const nothing = async (): Promise<void> => undefined
  let figures: MetricsServer | undefined

  return [
    {
      name: 'database',
      async start() {
        await reachDatabase(ctx, stopping)
        ctx.log.info({}, 'database connected')
        await checkTotpKey({ ctx })
      },
      stop: nothing,
    },
    {
      name: 'queue',
      async start() {
        await Promise.race([ctx.bus.ready, sleep(2_000, undefined, { ref: false })])
        ctx.log.info({}, 'queue and bus connected')
      },
      stop: nothing,
    },
    {
      name: 'websocket',
      async start() {
        sockets.start()
        ctx.log.info({}, 'websocket ready')
      },
      // With the server, which would wait for open sockets.
      stop: nothing,
    },
    {
      name: 'metrics',
      async start() {
        const { metrics } = ctx.config
        if (metrics === undefined) return
        const { registry, refresh } = ctx.metrics
        figures = await startMetricsServer({ ...metrics, registry, beforeScrape: refresh, isHealthy: () => true, logger: ctx.log })
      },
      stop: async () => figures?.close(),
    },
    {
      name: 'server',
      async start() {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject)
          server.listen(ctx.config.port, resolve)
        })
        ctx.log.info({ port: ctx.config.port }, 'server listening')
        keepCompiledCode()
      },
      async stop() {
        const closed = new Promise((resolve) => server.close(resolve))
        await sockets.close()
        server.closeIdleConnections()
        await Promise.race([closed, sleep(STOP_ANSWERING_MS, undefined, { ref: false })])
        server.closeAllConnections()
      },
    },
  ]
}

/** A database that is still starting is waited for; one that would lose alerts is refused. */
async function reachDatabase(ctx: ApiContext, stopping: AbortSignal): Promise<void> {
  for (let failures = 0; ; failures += 1) {
    try {
      await ctx.doorDb.query('SELECT 1')
      break
    } catch (err) {
      if (failures % 20 === 0) ctx.log.warn({ err }, 'waiting for the database')
      await sleep(DATABASE_RETRY_MS, undefined, { signal: stopping })
    }
  }
  await checkDurability({ db: ctx.doorDb, allowNoFsync: ctx.config.nodeEnv === 'test' })
}

try {
  await main()
} catch (error) {
  process.stderr.write(
    `${error instanceof EnvError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exitCode = 1
}

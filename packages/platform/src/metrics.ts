import { createServer, type Server, type ServerResponse } from 'node:http'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Logger } from './logger.ts'

export { Counter, Gauge, Histogram, Registry }

/** Seconds, from what a good local answer takes to what nobody waits for. */
export const LATENCY_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The figures of one process. Nothing is global, so that several can live in one test. */
export function createRegistry(process: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ process })
  collectDefaultMetrics({ register: registry })
  return registry
}

export interface MetricsServerOptions {
  readonly host: string
  readonly port: number
  readonly registry: Registry
  /** Brings figures up to date that are read rather than counted. */
  readonly beforeScrape?: () => Promise<void>
  /** Does this process do its work? For the probe of a container. */
  readonly isHealthy: () => boolean
  readonly logger: Logger
}

export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * `/metrics` and `/health` on a listener that no proxy leads to. A port that is taken costs the figures of this process and nothing else:
 * trading goes on.
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer | undefined> {
  const { host, port, logger } = options
  const server = createServer((req, res) => {
    answer(options, req.url ?? '/', res).catch((err: unknown) => {
      logger.warn({ err }, 'figures could not be shown')
      res.writeHead(500).end()
    })
  })
  try {
    await listen(server, host, port)
  } catch (err) {
    logger.warn({ err, host, port }, 'figures of this process are not shown: its METRICS_PORT cannot be used')
    return undefined
  }
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  logger.info({ host, port: bound }, 'figures for Prometheus ready')
  return {
    url: `http://${host}:${bound}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer({ registry, beforeScrape, isHealthy }: MetricsServerOptions, url: string, res: ServerResponse): Promise<void> {
  const path = url.split('?', 1)[0]
  if (path === '/health') {
    const healthy = isHealthy()
    res.writeHead(healthy ? 200 : 503, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ status: healthy ? 'ok' : 'unavailable', timestamp: new Date().toISOString() }))
    return
  }
  if (path !== '/metrics' && path !== '/api/metrics') return void res.writeHead(404).end()
  await beforeScrape?.()
  res.writeHead(200, { 'content-type': registry.contentType })
  res.end(await registry.metrics())
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

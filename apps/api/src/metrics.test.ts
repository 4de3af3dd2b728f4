import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createApiMetrics } from './metrics.ts'

const monitoring = join(import.meta.dirname, '..', '..', '..', 'monitoring')
const ofWorkers = ['order_execution_seconds']

it('knows every figure that the dashboard and the alarms ask for', async () => {
  const nothing = async (): Promise<never> => {
    throw new Error('not asked')
  }
  const { registry } = createApiMetrics({ db: { query: nothing }, log: silent })
  const known = new Set([...registry.getMetricsAsArray().map(({ name }) => name), ...ofWorkers])
  const texts = ['alerts.yml', 'grafana/dashboards/matic.json'].map((file) => readFileSync(join(monitoring, file), 'utf8'))
  const asked = texts.flatMap((text) =>
    [...text.matchAll(/\b(?:matic_(?!api|worker)|webhook_|order_execution_|http_request_|process_)\w+/g)].map(([name]) => name),
  )

  expect(asked.length).toBeGreaterThan(20)
  expect(asked.map((name) => name.replace(/_(?:bucket|count|sum)$/, '')).filter((name) => !known.has(name))).toEqual([])
})

it('says that the database is away, and keeps the figures it had', async () => {
  const { registry, refresh } = createApiMetrics({
    db: { query: async () => Promise.reject(new Error('away')) },
    log: silent,
  })
  await refresh()
  expect(await registry.getSingleMetricAsString('matic_up')).toContain('matic_up{process="api"} 0')
})

const silent = { error: ignore, warn: ignore, info: ignore, debug: ignore, child: () => silent }
function ignore(): void {
  // Nobody reads these.
}

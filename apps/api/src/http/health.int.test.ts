import { startMetricsServer } from '@matic/platform'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startApi, type TestApi } from '../../test/start-api.ts'

let api: TestApi

beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
})

describe('health', () => {
  it('is the same bare answer under all of its addresses', async () => {
    for (const path of ['/health', '/api/health', '/api/health/live', '/api/webhook/health']) {
      const { status, text } = await api.request('GET', path)
      expect({ path, status, body: JSON.parse(text) }).toEqual({ path, status: 200, body: { status: 'ok', timestamp: expect.any(String) } })
    }
  })

  it('is ready while alerts can be stored, and says what is missing behind the door', async () => {
    const before = await api.request('GET', '/api/health/ready')
    expect([before.status, JSON.parse(before.text)]).toEqual([
      200,
      {
        status: 'degraded',
        timestamp: expect.any(String),
        checks: { database: 'ok', queue: 'ok', worker: 'down', venue: 'down' },
      },
    ])

    const worker = await api.db.pool.connect()
    try {
      const { rows } = await worker.query(`INSERT INTO worker_process (id, pid) VALUES ('worker-of-this-test', 1) RETURNING lock_key`)
      await worker.query('SELECT pg_advisory_lock(7202601, $1)', [rows[0].lock_key])
      await api.db.query(
        `INSERT INTO market (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, min_notional, max_leverage, mark_at, updated_at)
         VALUES ('PAPER', 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', 0.1, 0.001, 0.001, 5, 125, now(), now())
         ON CONFLICT (exchange, symbol) DO UPDATE SET mark_at = now()`,
      )
      await vi.waitFor(async () => expect(JSON.parse((await api.request('GET', '/api/health/ready')).text).status).toBe('ok'), {
        timeout: 60_000,
      })
      await api.db.query(`UPDATE market SET mark_at = now() - interval '1 minute'`)
      await vi.waitFor(async () => expect(JSON.parse((await api.request('GET', '/api/health/ready')).text).checks.venue).toBe('late'), {
        timeout: 60_000,
      })
    } finally {
      worker.release(true)
    }
  })

  it('keeps its figures away from the public listener', async () => {
    for (const path of ['/metrics', '/api/metrics']) expect((await api.request('GET', path)).status).toBe(404)
  })
})

describe('figures', () => {
  it('count alerts by what was answered, and show how the queue stands', async () => {
    const sent = { symbol: 'BTCUSDT', side: 'buy', quantity: 0.01, id: 'once' }
    await api.request('POST', api.webhookPath, { json: sent })
    await api.request('POST', api.webhookPath, { json: sent })
    await api.request('POST', api.webhookPath, { body: 'no alert at all' })
    await api.request('POST', '/api/webhook/nobody/nothing', { json: sent })
    await api.request('GET', '/api/markets')

    const server = await startMetricsServer({
      host: '127.0.0.1',
      port: 0,
      registry: api.ctx.metrics.registry,
      beforeScrape: api.ctx.metrics.refresh,
      isHealthy: () => true,
      logger: api.ctx.log,
    })
    if (server === undefined) throw new Error('The figures were not shown')
    const text = await (await fetch(`${server.url}/api/metrics`)).text()
    await server.close()

    const lines = text.split('\n')
    expect(lines).toContain('webhook_requests_total{outcome="accepted",process="api"} 1')
    expect(lines).toContain('webhook_requests_total{outcome="duplicate",process="api"} 1')
    expect(lines).toContain('webhook_requests_total{outcome="WEBHOOK_NOT_FOUND",process="api"} 1')
    expect(text).toMatch(/webhook_requests_total\{outcome="ALERT_\w+",process="api"\} 1/)
    expect(lines).toContain('http_request_seconds_count{process="api",method="GET",route="/api/markets",status="200"} 1')
    expect(lines).toContain('matic_signals_waiting{process="api"} 1')
    expect(lines).toContain('matic_decisions_missing{process="api"} 0')
    expect(lines).toContain('matic_up{process="api"} 1')
    expect(text).not.toContain(api.userId)
  })

  it('notice a decision that is missing', async () => {
    await api.db.query(`UPDATE signal SET state = 'DISPATCHED', dispatched_at = now()`)
    await api.db.query(`UPDATE route SET created_at = now() - interval '1 day'`)
    await api.ctx.metrics.refresh()
    const text = await api.ctx.metrics.registry.metrics()
    expect(text).toContain('matic_decisions_missing{process="api"} 1')
    expect(text).toContain('matic_signals_waiting{process="api"} 0')
  })

  it('notice mail that nobody takes and accounts whose key is refused', async () => {
    await api.db.query(
      `INSERT INTO mail (id, recipient, template, params, useful_until, created_at)
       VALUES (gen_random_uuid(), 'a@matic.test', 'verify-email', '{}', now() + interval '1 hour', now() - interval '400 seconds'),
              (gen_random_uuid(), 'b@matic.test', 'verify-email', '{}', now() - interval '1 hour', now() - interval '2 hours')`,
    )
    await api.db.query(`UPDATE account SET key_status = 'INVALID'`)
    await api.ctx.metrics.refresh()
    const text = await api.ctx.metrics.registry.metrics()
    expect(Number(/matic_mail_oldest_waiting_seconds\{process="api"\} ([\d.]+)/.exec(text)?.[1])).toBeCloseTo(400, -2)
    expect(text).toContain('matic_accounts_refused{process="api"} 1')
  })
})

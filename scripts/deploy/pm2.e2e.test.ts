import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { compileCache, freePort, startPostgres, type Running } from '@matic/local'
import { migrate } from '@matic/prisma/migrate'
import { seed } from '@matic/prisma/seed'
import { createTestFolder } from '@matic/testkit'
import { readTestEnvironment } from '@matic/testkit/env'
import { canReadMemory, environmentOf } from '@matic/testkit/process-memory'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { root } from '../lib/environment.ts'
import { choosePorts, operatorEnv, type Ports } from './installation.ts'

const Listed = z.array(
  z.object({
    name: z.string(),
    pid: z.number(),
    pm2_env: z.object({ status: z.string(), restart_time: z.number(), exec_mode: z.string(), max_memory_restart: z.number().optional() }),
  }),
)

describe('ecosystem.config.js under PM2', () => {
  const folder = createTestFolder({ onDisk: true })
  let postgres: Running & { url: string }
  let ports: Ports
  let env: NodeJS.ProcessEnv
  let webhook: string

  beforeAll(async () => {
    postgres = await startPostgres({ dataDir: join(createTestFolder(), 'postgres') })
    await migrate({ databaseUrl: postgres.url })
    const { userId } = await seed({ databaseUrl: postgres.url, webhookToken: 'the-token-of-this-pm2-test-0123456789' })
    ports = await choosePorts()
    webhook = `http://127.0.0.1:${ports.api}/api/webhook/${userId}/the-token-of-this-pm2-test-0123456789`
    env = {
      ...readTestEnvironment().inherited,
      ...operatorEnv(ports),
      REDIS_PASSWORD: undefined,
      NODE_COMPILE_CACHE: compileCache,
      PM2_HOME: join(folder, 'pm2'),
      DATABASE_URL: postgres.url,
      MATIC_DATA_DIR: join(folder, 'data'),
      PORT: String(ports.api),
      WEB_PORT: String(ports.web),
      VENUE_PORT: String(ports.venue),
      VENUE_URL: `http://127.0.0.1:${ports.venue}`,
      API_URL: `http://127.0.0.1:${ports.api}`,
      METRICS_PORT: String(ports.apiMetrics),
      WORKER_METRICS_PORT: String(await freePort()),
    }
  })
  afterAll(async () => {
    pm2('kill')
    await postgres?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function pm2(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', 'pm2', 'bin', 'pm2'), ...args], {
      cwd: root,
      env,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`pm2 ${args.join(' ')} ended with ${status}: ${stdout.slice(-2000)} ${stderr.slice(-2000)}`)
    return stdout
  }
  const list = () => {
    const text = pm2('jlist')
    return Listed.parse(JSON.parse(text.slice(text.indexOf('[{'))))
  }
  const healthy = async (): Promise<void> => {
    const ready: unknown = await (await fetch(`http://127.0.0.1:${ports.api}/api/health/ready`)).json()
    expect(ready).toEqual(expect.objectContaining({ status: 'ok' }))
  }

  it('starts the four of them, which find each other', async () => {
    pm2('start', 'ecosystem.config.js')
    await vi.waitFor(healthy, { timeout: 60_000, interval: 500 })
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${ports.web}/`)).status).toBe(200), {
      timeout: 60_000,
      interval: 500,
    })
    const apps = list()
    expect(apps.map(({ name }) => name).toSorted()).toEqual(['matic-api', 'matic-venue', 'matic-web', 'matic-worker'])
    for (const { name, pm2_env } of apps) {
      expect([name, pm2_env.status, pm2_env.restart_time, pm2_env.max_memory_restart]).toEqual([name, 'online', 0, 1024 ** 3])
    }
    const openers = (name: string) =>
      environmentOf(apps.find((app) => app.name === name)?.pid ?? 0)
        .map((entry) => entry.split('=')[0])
        .filter((entry) => entry === 'ENCRYPTION_KEY' || entry === 'CLIENT_ORDER_ID_KEY')
    if (canReadMemory) expect([openers('matic-worker').length, openers('matic-api'), openers('matic-web')]).toEqual([2, [], []])
    const answer = await fetch(webhook, { method: 'POST', body: JSON.stringify({ symbol: 'BTCUSDT', action: 'close' }) })
    expect(answer.status).toBe(200)
  })

  it('runs more workers when asked', async () => {
    pm2('scale', 'matic-worker', '2')
    const workers = list().filter(({ name }) => name === 'matic-worker')
    expect(workers.map(({ pm2_env }) => pm2_env.status)).toEqual(['online', 'online'])
    await vi.waitFor(
      async () =>
        expect(await (await fetch(`http://127.0.0.1:${ports.apiMetrics}/metrics`)).text()).toContain('matic_workers{process="api"} 2'),
      { timeout: 60_000, interval: 500 },
    )
  })

  it('brings back an api that died, and stops everything in order', async () => {
    const before = list().find(({ name }) => name === 'matic-api')
    process.kill(before?.pid ?? 0, 'SIGKILL')
    await vi.waitFor(
      async () => {
        expect(list().find(({ name }) => name === 'matic-api')?.pm2_env.restart_time).toBe(1)
        await healthy()
      },
      { timeout: 60_000, interval: 500 },
    )
    pm2('stop', 'all')
    expect(list().map(({ pm2_env }) => pm2_env.status)).toEqual(Array.from({ length: 5 }, () => 'stopped'))
  })
})

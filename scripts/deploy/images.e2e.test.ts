import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { findRedisServer, freePort, startPostgres, startProcess, type Running } from '@matic/local'
import { seed } from '@matic/prisma/seed'
import { createTestFolder } from '@matic/testkit'
import { readTestEnvironment } from '@matic/testkit/env'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { root } from '../lib/environment.ts'
import { buildImage, type Image } from './build-image.ts'
import { readCompose, type Compose } from './compose.ts'
import { choosePorts, environmentOf, nodeOr, operatorEnv, placeNginx, startService, type Ports } from './installation.ts'

const { searchPath, inherited: ofTests } = readTestEnvironment()
const hasEverything = findRedisServer(searchPath) !== undefined && spawnSync('nginx', ['-v']).status === 0
const WEBHOOK_TOKEN = 'a-token-that-must-not-show-up-in-any-log-0123456789'

describe.skipIf(!hasEverything)('an installation as docker-compose.yml describes it', () => {
  const folder = createTestFolder({ onDisk: true })
  // One image is started several times.
  const inherited = { ...ofTests, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  const running: Running[] = []
  const logs: string[] = []
  let compose: Compose
  let ports: Ports
  let database: Client
  let databaseUrl: string
  let images: Readonly<Record<'backend' | 'worker' | 'frontend', Image>>
  let userId: string
  let path: string

  beforeAll(async () => {
    ports = await choosePorts()
    const env = operatorEnv(ports)
    compose = readCompose(root, env)
    const postgres = await startPostgres({ dataDir: join(createTestFolder(), 'postgres') })
    running.push(postgres)
    databaseUrl = postgres.url

    const build = { root, env: { ...inherited, npm_config_offline: 'true' } }
    images = {
      backend: buildImage({ ...build, dockerfile: 'Dockerfile.backend', folder: join(folder, 'backend') }),
      worker: buildImage({ ...build, dockerfile: 'Dockerfile.worker', folder: join(folder, 'worker') }),
      frontend: buildImage({ ...build, dockerfile: 'Dockerfile.frontend', folder: join(folder, 'frontend') }),
    }
  }, 600_000)
  afterAll(async () => {
    await database?.end()
    for (const each of running.toReversed()) await each.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const site = () => ({ compose, ports, databaseUrl, dataDir: join(folder, 'venue-data'), inherited })
  const start = async (service: string, image: Image): Promise<Running> => {
    const started = await startService(service, image, site(), (line) => logs.push(`${service} ${line}`))
    running.push(started)
    return started
  }

  it('migrates an empty database, and once more changes nothing', () => {
    const [command, ...args] = compose.services['migrate']?.command ?? []
    const options = { cwd: join(images.backend.folder, 'app'), env: environmentOf('migrate', site()), encoding: 'utf8' } as const
    const first = spawnSync(nodeOr(command), args, options)
    expect([first.status, first.stderr]).toEqual([0, ''])
    expect(first.stdout).toMatch(/\d+ migrations applied/)
    expect(spawnSync(nodeOr(command), args, options).stdout).toContain('up to date')
  })

  it('brings every service to healthy with the environment compose gives it', async () => {
    userId = (await seed({ databaseUrl, webhookToken: WEBHOOK_TOKEN })).userId
    path = `/api/webhook/${userId}/${WEBHOOK_TOKEN}`
    database = new Client({ connectionString: databaseUrl })
    await database.connect()
    const [command = '', ...args] = compose.services['redis']?.command ?? []
    running.push(
      await startProcess({
        name: 'redis',
        command,
        args: [...args, '--port', String(ports.redis), '--bind', '127.0.0.1', '--dir', folder],
        readyWhen: { line: /Ready to accept connections/ },
      }),
    )
    await start('venue', images.backend)
    await Promise.all([start('worker', images.worker), start('api', images.backend)])
    await start('web', images.frontend)
    const conf = placeNginx({ root, folder, ports, deadPort: await freePort() })
    running.push(
      await startProcess({
        name: 'nginx',
        command: 'nginx',
        args: ['-c', conf, '-p', folder, '-g', 'daemon off;'],
      }),
    )
    await vi.waitFor(async () => expect((await ask('GET', '/health')).status).toBe(200), { timeout: 60_000, interval: 100 })
  })

  it('says at the start what it reached', () => {
    for (const line of [/api .*database connected/, /api .*queue and bus connected/, /api .*websocket ready/, /api .*server listening/]) {
      expect(logs.some((each) => line.test(each))).toBe(true)
    }
    const loops = logs.filter((line) => /worker .*"loop":"\w+"/.test(line))
    expect(loops.length).toBeGreaterThan(5)
  })

  it('takes an alert through nginx, past an api that is dead, to a filled and protected position', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { status, body } = await ask('POST', path, { symbol: 'BTCUSDT', side: 'buy', quantity: 0.01, id: `turn-${turn}` })
      expect([status, body]).toEqual([200, expect.objectContaining({ success: true, message: 'Webhook received' })])
    }
    await vi.waitFor(
      async () => {
        const { rows } = await database.query('SELECT side, protection FROM position WHERE user_id = $1 AND quantity_base > 0', [userId])
        expect(rows).toEqual([{ side: 'LONG', protection: 'PROTECTED' }])
      },
      { timeout: 60_000, interval: 250 },
    )
    const { rows } = await database.query('SELECT count(*)::int AS n FROM decision WHERE user_id = $1', [userId])
    expect(rows).toEqual([{ n: 4 }])
  })

  it('backs itself up and makes an administrator out of its own image', () => {
    const options = { cwd: join(images.backend.folder, 'app'), env: environmentOf('migrate', site()), encoding: 'utf8' } as const
    const script = (...args: string[]) => spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], options)
    const backup = script('scripts/backup.ts', join(folder, 'backups'), '--keep', '7')
    expect([backup.status, backup.stderr]).toEqual([0, ''])
    expect(backup.stdout).toMatch(/matic-.*\.sql\.gz: \d+ rows/)
    expect(script('scripts/admin.ts', 'boss@example.org').stdout).toMatch(/Password, shown this once: \S{32}/)
    expect(script('scripts/restore.ts', 'missing.sql.gz').status).toBe(1)
  })

  it('sends plain HTTP to HTTPS, and answers the certificate authority without it', async () => {
    const moved = await plain('/api/markets?x=1')
    expect([moved.statusCode, moved.headers.location]).toEqual([301, 'https://localhost/api/markets?x=1'])
    expect((await plain('/.well-known/acme-challenge/proof')).statusCode).toBe(200)
  })

  it('speaks TLS 1.2 and 1.3 and HTTP/2, and nothing older', async () => {
    expect(await tlsVersion({ maxVersion: 'TLSv1.1' })).toBe('refused')
    expect(await tlsVersion({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2')
    expect(await tlsVersion({})).toBe('TLSv1.3')
    const client = connectHttp2(`https://localhost:${ports.https}`, { rejectUnauthorized: false })
    const status = await new Promise((resolve, reject) => {
      client.once('error', reject)
      client.request({ ':path': '/health' }).once('response', (headers) => resolve(headers[':status']))
    })
    client.close()
    expect(status).toBe(200)
  })

  it('sets each security header once, on pages and answers alike', async () => {
    for (const address of ['/', '/api/markets', '/health']) {
      const { headers } = await ask('GET', address)
      expect({
        address,
        frame: headers['x-frame-options'],
        sniff: headers['x-content-type-options'],
        xss: headers['x-xss-protection'],
        hsts: headers['strict-transport-security'],
      }).toEqual({ address, frame: 'DENY', sniff: 'nosniff', xss: '0', hsts: 'max-age=31536000; includeSubDomains' })
    }
    expect((await ask('GET', '/')).headers['content-security-policy']).toContain("default-src 'self'")
  })

  it('serves the dashboard', async () => {
    const { status, text } = await ask('GET', '/')
    expect(status).toBe(200)
    expect(text).toContain('Matic Trade')
  })

  it('slows one caller of the API down, and never TradingView', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask('GET', '/api/markets')))
    const limited = answers.filter(({ status }) => status === 429)
    expect(limited.length).toBeGreaterThan(10)
    expect(answers.some(({ status }) => status === 200)).toBe(true)
    const alerts = await Promise.all(
      Array.from({ length: 60 }, (_, index) => ask('POST', path, { symbol: 'ETHUSDT', action: 'close', id: `close-${index}` })),
    )
    expect([...new Set(alerts.map(({ status }) => status))]).toEqual([200])
  })

  it('carries sockets', async () => {
    const upgraded = await new Promise<number | undefined>((resolve, reject) => {
      const asked = httpsRequest({
        ...{ host: 'localhost', port: ports.https, path: '/socket.io/?EIO=4&transport=websocket', rejectUnauthorized: false },
        headers: {
          ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
          ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', origin: `https://localhost:${ports.https}` },
        },
      })
      asked.once('upgrade', (response, socket) => {
        socket.destroy()
        resolve(response.statusCode)
      })
      asked.once('response', (response) => resolve(response.statusCode))
      asked.once('error', reject)
      asked.end()
    })
    expect(upgraded).toBe(101)
  })

  it('shows figures to Prometheus inside and to nobody outside', async () => {
    for (const address of ['/metrics', '/api/metrics']) expect((await ask('GET', address)).status).toBe(404)
    const ofApi = await (await fetch(`http://127.0.0.1:${ports.apiMetrics}/metrics`)).text()
    expect(ofApi).toMatch(/webhook_requests_total\{outcome="accepted",process="api"\} \d\d/)
    const ofWorker = await (await fetch(`http://127.0.0.1:${ports.workerMetrics}/metrics`)).text()
    expect(ofWorker).toMatch(/order_execution_seconds_count\{process="worker",exchange="PAPER",leg="open",outcome="acked"\} [1-9]/)
  })

  it('answers 502 for an api that is gone, so that TradingView sends the alert again, and takes it once it is back', async () => {
    const api = running.find(({ name }) => name === 'api')
    await api?.kill()
    const { status, body } = await ask('POST', path, { symbol: 'BTCUSDT', action: 'close', id: 'while-away' })
    expect([status, body]).toEqual([502, expect.objectContaining({ success: false })])

    await start('api', images.backend)
    await vi.waitFor(
      async () => expect((await ask('POST', path, { symbol: 'BTCUSDT', action: 'close', id: 'while-away' })).status).toBe(200),
      { timeout: 60_000, interval: 250 },
    )
    await vi.waitFor(
      async () =>
        expect((await database.query('SELECT 1 FROM position WHERE user_id = $1 AND quantity_base > 0', [userId])).rows).toEqual([]),
      { timeout: 60_000, interval: 250 },
    )
  })

  it('writes the token of a webhook into no log', () => {
    const ofNginx = readFileSync(join(folder, 'nginx.log'), 'utf8')
    const errors = readFileSync(join(folder, 'nginx-error.log'), 'utf8')
    expect(ofNginx).toContain(`"POST /api/webhook/${userId}/****" 200`)
    expect([...logs, ofNginx, errors].filter((text) => text.includes(WEBHOOK_TOKEN))).toEqual([])
    expect(errors).not.toContain('[emerg]')
  })

  async function ask(method: string, address: string, json?: object) {
    const response = await secure({ method, path: address }, json === undefined ? undefined : JSON.stringify(json))
    const text = await textOf(response)
    const body: unknown = response.headers['content-type']?.startsWith('application/json') === true ? JSON.parse(text) : null
    return { status: response.statusCode, headers: response.headers, text, body }
  }

  function secure(options: RequestOptions, body?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = httpsRequest({ host: 'localhost', port: ports.https, rejectUnauthorized: false, ...options }, resolve)
      asked.once('error', reject)
      asked.end(body)
    })
  }

  function plain(address: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = httpRequest({ host: 'localhost', port: ports.http, path: address, headers: { host: 'localhost' } }, (response) => {
        response.resume()
        resolve(response)
      })
      asked.once('error', reject)
      asked.end()
    })
  }

  function tlsVersion(limits: { maxVersion?: 'TLSv1.1' | 'TLSv1.2' }): Promise<string> {
    return new Promise((resolve) => {
      const options = {
        host: 'localhost',
        port: ports.https,
        rejectUnauthorized: false,
        minVersion: 'TLSv1' as const,
        ciphers: 'DEFAULT@SECLEVEL=0',
      }
      const socket = connectTls({ ...options, ...limits }, () => {
        resolve(socket.getProtocol() ?? 'unknown')
        socket.destroy()
      })
      socket.once('error', () => resolve('refused'))
    })
  }
})

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

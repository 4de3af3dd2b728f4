import { randomBytes } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, startProcess, type Running } from '@matic/local'
import type { Image } from './build-image.ts'
import type { Compose } from './compose.ts'

/** Where each service of docker-compose.yml really listens in a test. */
export interface Ports {
  readonly api: number
  readonly web: number
  readonly venue: number
  readonly redis: number
  readonly http: number
  readonly https: number
  readonly apiMetrics: number
  readonly workerMetrics: number
}

export async function choosePorts(): Promise<Ports> {
  const ports = new Set<number>()
  while (ports.size < 8) ports.add(await freePort())
  const [api = 0, web = 0, venue = 0, redis = 0, http = 0, https = 0, apiMetrics = 0, workerMetrics = 0] = ports
  return { api, web, venue, redis, http, https, apiMetrics, workerMetrics }
}

/** What an operator writes into .env. */
export function operatorEnv(ports: Ports): Record<string, string> {
  return {
    POSTGRES_PASSWORD: 'replaced',
    REDIS_PASSWORD: randomBytes(12).toString('hex'),
    FRONTEND_URL: `https://localhost:${ports.https}`,
    JWT_SECRET: randomBytes(64).toString('hex'),
    JWT_REFRESH_SECRET: randomBytes(64).toString('hex'),
    TOTP_KEY: randomBytes(32).toString('base64'),
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    CLIENT_ORDER_ID_KEY: randomBytes(32).toString('base64'),
    VENUE_ADMIN_TOKEN: randomBytes(32).toString('hex'),
  }
}

interface Site {
  readonly compose: Compose
  readonly ports: Ports
  readonly databaseUrl: string
  readonly dataDir: string
  readonly inherited: NodeJS.ProcessEnv
}

/** The environment compose gives a service, its names and ports put to where they are in a test. */
export function environmentOf(service: string, { compose, ports, databaseUrl, dataDir, inherited }: Site): NodeJS.ProcessEnv {
  const given = compose.services[service]?.environment ?? {}
  const placed = Object.entries(given).map(([name, value]) => [name, placeOf(service, name, value, ports, databaseUrl, dataDir)])
  return { ...inherited, ...Object.fromEntries(placed) }
}

function placeOf(service: string, name: string, value: string, ports: Ports, databaseUrl: string, dataDir: string): string {
  if (name === 'DATABASE_URL') return databaseUrl
  if (name === 'MATIC_DATA_DIR') return dataDir
  if (name === 'REDIS_HOST') return '127.0.0.1'
  if (name === 'REDIS_PORT') return String(ports.redis)
  if (name === 'METRICS_PORT') return String(service === 'api' ? ports.apiMetrics : ports.workerMetrics)
  if (name === 'PORT') return String(service === 'web' ? ports.web : ports.api)
  return withPorts(value === '3002' ? String(ports.venue) : value, ports)
}

function withPorts(text: string, ports: Ports): string {
  return text
    .replace('http://venue:3002', `http://127.0.0.1:${ports.venue}`)
    .replace('http://api:3001', `http://127.0.0.1:${ports.api}`)
    .replace('127.0.0.1:3001', `127.0.0.1:${ports.api}`)
    .replace('127.0.0.1:3002', `127.0.0.1:${ports.venue}`)
    .replace('127.0.0.1:3000', `127.0.0.1:${ports.web}`)
    .replace('127.0.0.1:9102', `127.0.0.1:${ports.workerMetrics}`)
}

/** Starts a service of compose out of its image and waits until its own health check passes. */
export async function startService(service: string, image: Image, site: Site, onLine: (line: string) => void): Promise<Running> {
  const definition = site.compose.services[service]
  const command = definition?.command ?? image.stage.command
  const check = definition?.healthcheck?.test?.slice(1) ?? image.stage.healthcheck
  if (command === undefined || check === undefined) throw new Error(`${service} has no command or no health check`)
  const cwd = join(image.folder, image.stage.workdir)
  const env = { ...image.stage.env, ...environmentOf(service, site) }
  const lines: string[] = []
  const running = await startProcess({
    name: service,
    command: nodeOr(command[0]),
    args: command.slice(1),
    cwd,
    env,
    onLine: (line) => {
      lines.push(line)
      onLine(line)
    },
  })

  const checked = check.map((word) => withPorts(word, site.ports))
  for (let tries = 0; tries < 120; tries += 1) {
    const { status } = spawnSync(nodeOr(checked[0]), checked.slice(1), { cwd, env })
    if (status === 0) return running
    const ended = await Promise.race([running.exited, new Promise<undefined>((resolve) => setTimeout(resolve, 500, undefined))])
    if (ended !== undefined) break
  }
  await running.kill()
  throw new Error(`${service} did not become healthy:\n${lines.slice(-40).join('\n')}`)
}

export function nodeOr(command = ''): string {
  return command === 'node' ? process.execPath : command
}

/** Our nginx.conf with another place for its ports, files and upstreams; the first api is dead, as after a crash. */
export function placeNginx({ root, folder, ports, deadPort }: { root: string; folder: string; ports: Ports; deadPort: number }): string {
  for (const part of ['certs', 'acme/.well-known/acme-challenge']) mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'acme', '.well-known', 'acme-challenge', 'proof'), 'ours')
  spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
    ...['-keyout', join(folder, 'certs', 'privkey.pem'), '-out', join(folder, 'certs', 'fullchain.pem')],
  ])
  const replacements: readonly (readonly [from: string, to: string])[] = [
    [
      'server api:3001 max_fails=1 fail_timeout=1s;',
      `server 127.0.0.1:${deadPort} max_fails=1 fail_timeout=1s; server 127.0.0.1:${ports.api} max_fails=1 fail_timeout=1s;`,
    ],
    ['server web:3000;', `server 127.0.0.1:${ports.web};`],
    ['listen 80 ', `listen 127.0.0.1:${ports.http} `],
    ['listen 443 ', `listen 127.0.0.1:${ports.https} `],
    ['/etc/nginx/certs/', `${folder}/certs/`],
    ['/var/www/certbot', `${folder}/acme`],
    ['/tmp/nginx', `${folder}/nginx`],
    // What Node gives its children are sockets, which cannot be opened by name.
    ['/dev/stdout', `${folder}/nginx.log`],
    ['/dev/stderr', `${folder}/nginx-error.log`],
  ]
  let text = readFileSync(join(root, 'nginx.conf'), 'utf8')
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`nginx.conf no longer says ${from}`)
    text = text.replaceAll(from, to)
  }
  const path = join(folder, 'nginx.conf')
  writeFileSync(path, text)
  return path
}

import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { appSpec, createSupervisor, freePort, startProcess, type AppName, type AppSecrets } from '@matic/local'
import { bundleApps } from './bundled-apps.ts'
import { createDatabase } from './database.ts'
import { readTestEnvironment } from './env.ts'
import { createTestFolder } from './test-folder.ts'

export interface StackOptions {
  /** How many processes of each kind; the venue is always one. */
  readonly api?: number
  readonly workers?: number
  /** The built dashboard in front of the first api: build it first (`npm start` and `npm test` do). */
  readonly web?: boolean
  /** Factor on every protocol duration. */
  readonly timingsScale?: number
  /** Of the apis alone: what they wait for a worker's answer is not to depend on how busy the machine is. */
  readonly apiTimingsScale?: number
  readonly redisUrl?: string
  /** Of a cluster of one's own, outside vitest. */
  readonly templateUrl?: string
  /** Fills the migrated database before the first process starts. */
  readonly prepare?: (stack: { databaseUrl: string; secrets: AppSecrets; venueUrl: string }) => Promise<void>
  readonly env?: Readonly<Record<string, string>>
  readonly onLine?: (name: string, line: string) => void
}

export interface Stack extends AsyncDisposable {
  readonly apiUrl: string
  readonly apiUrls: readonly string[]
  readonly venueUrl: string
  readonly webUrl: string
  readonly databaseUrl: string
  readonly secrets: AppSecrets
  /** SIGKILL to api-1, worker-1, venue or web. */
  kill(name: string): Promise<void>
  restart(name: string): Promise<void>
  stop(): Promise<void>
}

/** The platform as real processes on free ports, around a database of its own. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { api = 1, workers = 1, web = false, timingsScale = 0.2, redisUrl, env = {}, onLine, prepare } = options
  const { apiTimingsScale = timingsScale } = options
  const database = await createDatabase({ templateUrl: options.templateUrl ?? readTestEnvironment().templateUrl })
  const folder = createTestFolder()
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  const secrets = createSecrets()
  const bundles = options.templateUrl === undefined ? { bundles: await bundleApps() } : {}
  const [webPort, venuePort, ...apiPorts] = await freePorts(2 + api)
  const [firstApiPort] = apiPorts
  if (webPort === undefined || venuePort === undefined || firstApiPort === undefined) throw new Error('A stack has at least one api')

  const supervisor = createSupervisor({ restartTheDead: false, say: () => undefined })
  const launch = (name: string, app: AppName, apiPort: number): Promise<unknown> => {
    const spec = appSpec(app, {
      env: {
        ...readTestEnvironment().inherited,
        NODE_ENV: 'test',
        LOG_LEVEL: 'info',
        TIMINGS_SCALE: String(app === 'api' ? apiTimingsScale : timingsScale),
        ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
        ...env,
      },
      dataDir,
      databaseUrl: database.url,
      ports: { web: webPort, venue: venuePort, api: apiPort },
      secrets,
      watch: false,
      ...bundles,
    })
    return supervisor.run(name, () => startProcess({ ...spec, name, onLine: (line) => onLine?.(name, line) }))
  }

  const venueUrl = `http://127.0.0.1:${venuePort}`
  const stop = async (): Promise<void> => {
    await supervisor.stop()
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await prepare?.({ databaseUrl: database.url, secrets, venueUrl })
    await launch('venue', 'venue', firstApiPort)
    await Promise.all([
      ...apiPorts.map((port, index) => launch(`api-${index + 1}`, 'api', port)),
      ...Array.from({ length: workers }, (_, index) => launch(`worker-${index + 1}`, 'worker', firstApiPort)),
    ])
    if (web) await launch('web', 'web', firstApiPort)
  } catch (error) {
    await stop()
    throw error
  }

  const apiUrls = apiPorts.map((port) => `http://127.0.0.1:${port}`)
  return {
    apiUrl: `http://127.0.0.1:${firstApiPort}`,
    apiUrls,
    venueUrl,
    webUrl: `http://localhost:${webPort}`,
    databaseUrl: database.url,
    secrets,
    kill: (name) => supervisor.kill(name),
    restart: async (name) => void (await supervisor.restart(name)),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freePort())
  return [...ports]
}

function createSecrets(): AppSecrets {
  return {
    JWT_SECRET: randomBytes(64).toString('hex'),
    JWT_REFRESH_SECRET: randomBytes(64).toString('hex'),
    TOTP_KEY: randomBytes(32).toString('base64'),
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    CLIENT_ORDER_ID_KEY: randomBytes(32).toString('base64'),
    VENUE_ADMIN_TOKEN: randomBytes(32).toString('hex'),
  }
}

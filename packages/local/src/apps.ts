import { join } from 'node:path'
import { compileCache } from './compile-cache.ts'
import type { ProcessSpec } from './process.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface AppSecrets {
  readonly JWT_SECRET: string
  readonly JWT_REFRESH_SECRET: string
  readonly TOTP_KEY: string
  readonly ENCRYPTION_KEY: string
  readonly CLIENT_ORDER_ID_KEY: string
  readonly VENUE_ADMIN_TOKEN: string
}

export interface AppPorts {
  readonly web: number
  readonly api: number
  readonly venue: number
}

export interface AppOptions {
  /** Passed on to every process, secrets taken out. */
  readonly env: Environment
  readonly dataDir: string
  readonly databaseUrl: string
  readonly ports: AppPorts
  readonly secrets: AppSecrets
  /** Restart a process when its sources change; the dashboard runs in Nuxt's development server. */
  readonly watch: boolean
  /** Folder of api.mjs, worker.mjs and venue.mjs, to be started instead of the sources. */
  readonly bundles?: string
}

export type AppName = 'venue' | 'worker' | 'api' | 'web'

const root = join(import.meta.dirname, '..', '..', '..')
const nuxt = join(root, 'apps', 'web', 'node_modules', 'nuxt', 'bin', 'nuxt.mjs')

/** What `nuxt build` leaves to be run. */
export const webServer = join(root, 'apps', 'web', '.output', 'server', 'index.mjs')

/** How each process of the platform is started, and when it counts as up. Each gets the secrets it needs and no others. */
export function appSpec(app: AppName, options: AppOptions): ProcessSpec {
  const { databaseUrl, ports, secrets } = options
  const address = (part: keyof AppPorts): string => `http://127.0.0.1:${ports[part]}`
  const { JWT_SECRET, JWT_REFRESH_SECRET, TOTP_KEY, ENCRYPTION_KEY, CLIENT_ORDER_ID_KEY, VENUE_ADMIN_TOKEN } = secrets
  const given = options.env
  const webHost = given['WEB_HOST'] ?? '127.0.0.1'

  switch (app) {
    case 'venue':
      return {
        ...service(app, options, { VENUE_PORT: String(ports.venue), VENUE_ADMIN_TOKEN }),
        readyWhen: { url: `${address('venue')}/health` },
      }
    case 'worker':
      return {
        ...service(app, options, {
          DATABASE_URL: databaseUrl,
          VENUE_URL: given['VENUE_URL'] ?? address('venue'),
          FRONTEND_URL: given['FRONTEND_URL'] ?? `http://localhost:${ports.web}`,
          SMTP_PASS: given['SMTP_PASS'],
          ENCRYPTION_KEY,
          CLIENT_ORDER_ID_KEY,
          VENUE_ADMIN_TOKEN,
        }),
        readyWhen: { line: /worker ready/ },
      }
    case 'api':
      return {
        ...service(app, options, {
          DATABASE_URL: databaseUrl,
          PORT: String(ports.api),
          FRONTEND_URL: given['FRONTEND_URL'] ?? `http://localhost:${ports.web}`,
          JWT_SECRET,
          JWT_REFRESH_SECRET,
          TOTP_KEY,
        }),
        readyWhen: { url: `${address('api')}/health` },
      }
    case 'web':
      return {
        name: 'web',
        command: process.execPath,
        args: options.watch ? [nuxt, 'dev', '--port', String(ports.web)] : [webServer],
        cwd: join(root, 'apps', 'web'),
        env: {
          ...withoutSecrets(given),
          // Some shells and build tools export HOST for purposes of their own, hence a name that only means this.
          HOST: webHost,
          NITRO_HOST: webHost,
          PORT: String(ports.web),
          NITRO_PORT: String(ports.web),
          WEB_PORT: String(ports.web),
          API_URL: given['API_URL'] ?? address('api'),
          NUXT_TELEMETRY_DISABLED: '1',
        },
        readyWhen: { url: address('web') },
        readyWithinMs: 120_000,
        stopWithinMs: 5_000,
      }
  }
}

/**
 * A worker's memory stays small: left alone, Node lets garbage grow to twice what is in use before it looks, and never gives back what it once had.
 * With 1,000 accounts that is 450 MB instead of 280, and no faster.
 */
export const WORKER_NODE_ARGS = ['--max-semi-space-size=16', '--initial-old-space-size=64', '--heap-growing-percent=30'] as const

function service(app: AppName, { env, dataDir, watch, bundles }: AppOptions, own: Environment): ProcessSpec {
  return {
    name: app,
    command: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      ...(app === 'worker' ? WORKER_NODE_ARGS : []),
      ...(watch ? ['--watch', '--watch-preserve-output'] : []),
      bundles === undefined ? join(root, 'apps', app, 'src', 'main.ts') : join(bundles, `${app}.mjs`),
    ],
    cwd: root,
    env: { NODE_COMPILE_CACHE: compileCache, ...withoutSecrets(env), MATIC_DATA_DIR: dataDir, ...own },
    stopWithinMs: 10_000,
  }
}

const secretNames = new Set([
  'DATABASE_URL',
  'JWT_SECRET',
  'JWT_REFRESH_SECRET',
  'TOTP_KEY',
  'ENCRYPTION_KEY',
  'CLIENT_ORDER_ID_KEY',
  'VENUE_ADMIN_TOKEN',
  'SEED_WEBHOOK_TOKEN',
  'SMTP_PASS',
])

function withoutSecrets(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secretNames.has(name)))
}

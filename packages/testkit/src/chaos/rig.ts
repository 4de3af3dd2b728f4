import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createDb, type Db } from '@matic/db'
import { compileCache, freePort, startPostgres, startProcess, WORKER_NODE_ARGS, type Postgres, type Running } from '@matic/local'
import { migrate } from '../../../../prisma/migrate.ts'
import { readTestEnvironment } from '../env.ts'
import { loseBells } from './bells.ts'
import { copyCluster } from './cluster-template.ts'
import type { Sabotage } from './options.ts'

export interface RigOptions {
  dir: string
  timingsScale: number
  apis: number
  workers: number
  sabotage?: Sabotage
  /** Data folder of a migrated cluster to begin from. */
  clusterTemplate?: string
  say: (line: string) => void
  /** Every line any child prints. */
  onLine?: (name: string, line: string) => void
  /** A process that was killed stands again. */
  onBack?: (name: string) => Promise<void>
  /** The exchange stands, and nobody trades there yet. */
  onVenue?: (base: RigBase) => Promise<void>
  /** Bytes that keys are wrapped with; its own when left out. */
  encryptionKey?: Buffer
  /** That of the environment, if any, when left out. */
  redisUrl?: string
  /** Folder of the apps as bundles, to be started instead of their sources. */
  bundles?: string
  /** For workers alone. */
  workerEnv?: NodeJS.ProcessEnv
  /** For Node, before the worker's file. */
  workerArgs?: readonly string[]
}

export type RigBase = Pick<Rig, 'db' | 'databaseUrl' | 'venueUrl' | 'venueAdminToken'>

export interface Rig {
  readonly db: Db
  readonly databaseUrl: string
  readonly venueUrl: string
  readonly venueAdminToken: string
  readonly apiPorts: readonly number[]
  readonly names: { apis: readonly string[]; workers: readonly string[] }
  pidOf(name: string): number | undefined
  /** SIGKILL, and back after `downMs`. Resolves when it is dead; the restart goes on by itself. */
  kill(name: string, downMs: number): Promise<void>
  /** Waits until everything that was killed is back. */
  whole(): Promise<void>
  /** Every bell that was rung and not yet heard is gone, as when Redis comes back without its last second. */
  loseBells(): Promise<void>
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../../../..', import.meta.url))

/** The whole platform as child processes on free ports, around a private Postgres and the venue. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const { dir, timingsScale, sabotage, say } = options
  const postgresPort = await freePort()
  const dataDir = `${dir}/postgres`
  if (options.clusterTemplate !== undefined) copyCluster({ template: options.clusterTemplate, to: dataDir })
  const launchPostgres = () => startPostgres({ dataDir, port: postgresPort })
  const postgres = await launchPostgres()
  await migrate({ databaseUrl: postgres.url })
  const db = createDb({ databaseUrl: postgres.url, applicationName: 'rig', poolSize: 6, onError: () => undefined })
  if (sabotage === 'no-unique-index') await dropUniqueIndexes(db)

  const venueAdminToken = randomBytes(24).toString('hex')
  const venuePort = await freePort()
  const venueUrl = `http://127.0.0.1:${venuePort}`
  const shared = {
    ...inherited(),
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
    NODE_ENV: 'test',
    NODE_COMPILE_CACHE: compileCache,
    LOG_LEVEL: 'warn',
    DATABASE_URL: postgres.url,
    MATIC_DATA_DIR: dir,
    TIMINGS_SCALE: String(timingsScale),
    VENUE_URL: venueUrl,
    VENUE_ADMIN_TOKEN: venueAdminToken,
    JWT_SECRET: randomBytes(64).toString('hex'),
    JWT_REFRESH_SECRET: randomBytes(64).toString('hex'),
    TOTP_KEY: randomBytes(32).toString('base64'),
    ENCRYPTION_KEY: (options.encryptionKey ?? randomBytes(32)).toString('base64'),
    CLIENT_ORDER_ID_KEY: randomBytes(32).toString('base64'),
    // One sender stands for many here.
    WEBHOOK_OPENS_PER_SECOND: '1000000',
    ...(sabotage === undefined || sabotage === 'no-unique-index' ? {} : { SABOTAGE: sabotage }),
  }

  const mainOf = (app: string) => (options.bundles === undefined ? `${root}/apps/${app}/src/main.ts` : `${options.bundles}/${app}.mjs`)
  const launch =
    (name: string, app: string, env: NodeJS.ProcessEnv, ready: { line: RegExp } | { url: string }, nodeArgs: readonly string[] = []) =>
    () =>
      startProcess({
        name,
        command: process.execPath,
        args: ['--disable-warning=ExperimentalWarning', ...nodeArgs, mainOf(app)],
        cwd: root,
        env: { ...shared, ...env },
        readyWhen: ready,
        readyWithinMs: 60_000,
        stopWithinMs: 8_000,
        onLine: (line) => options.onLine?.(name, line),
      })

  const launches = new Map<string, () => Promise<Running | Postgres>>([['postgres', launchPostgres]])
  launches.set('venue', launch('venue', 'venue', { VENUE_PORT: String(venuePort), VENUE_SEED: '7' }, { url: `${venueUrl}/health` }))
  const apiPorts: number[] = []
  for (let index = 0; index < options.apis; index += 1) {
    const port = await freePort()
    apiPorts.push(port)
    launches.set(`api-${index}`, launch(`api-${index}`, 'api', { PORT: String(port) }, { url: `http://127.0.0.1:${port}/health` }))
  }
  for (let index = 0; index < options.workers; index += 1) {
    launches.set(
      `worker-${index}`,
      launch(`worker-${index}`, 'worker', options.workerEnv ?? {}, { line: /worker ready/ }, [
        ...WORKER_NODE_ARGS,
        ...(options.workerArgs ?? []),
      ]),
    )
  }

  const running = new Map<string, Running | Postgres>([['postgres', postgres]])
  const comingBack = new Map<string, Promise<void>>()
  const stopping = new AbortController()

  for (const [name, start] of launches) {
    if (name === 'postgres') continue
    running.set(name, await start())
    if (name === 'venue') await options.onVenue?.({ db, databaseUrl: postgres.url, venueUrl, venueAdminToken })
  }
  say(`rig: ${launches.size} processes around ${venueUrl}`)

  const bringBack = async (name: string, downMs: number): Promise<void> => {
    await pause(downMs, stopping.signal)
    const start = launches.get(name)
    while (!stopping.signal.aborted && start !== undefined) {
      try {
        running.set(name, await start())
        await options.onBack?.(name)
        return
      } catch (error) {
        say(`rig: ${name} did not come back: ${error instanceof Error ? error.message : String(error)}`)
        await pause(500, stopping.signal)
      }
    }
  }

  return {
    db,
    databaseUrl: postgres.url,
    venueUrl,
    venueAdminToken,
    apiPorts,
    names: {
      apis: [...launches.keys()].filter((name) => name.startsWith('api-')),
      workers: [...launches.keys()].filter((name) => name.startsWith('worker-')),
    },
    pidOf: (name) => running.get(name)?.pid,
    async kill(name, downMs) {
      const victim = running.get(name)
      if (victim === undefined) return
      running.delete(name)
      await victim.kill()
      const back = bringBack(name, downMs).finally(() => comingBack.delete(name))
      comingBack.set(name, back)
    },
    async whole() {
      while (comingBack.size > 0) await Promise.all(comingBack.values())
    },
    loseBells: () => loseBells({ db, redisUrl: readTestEnvironment().redisUrl }),
    async stop() {
      stopping.abort()
      await Promise.all(comingBack.values())
      const children = [...running].filter(([name]) => name !== 'postgres').map(([, child]) => child)
      await Promise.all(children.map((child) => child.stop()))
      await db.close()
      await running.get('postgres')?.stop()
    },
  }
}

/** The planted bug: nothing in the database stands against a second signal, decision or order. */
async function dropUniqueIndexes(db: Db): Promise<void> {
  const indexes = await db.query<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index
      WHERE indisunique AND NOT indisprimary AND indrelid IN ('signal'::regclass, 'decision'::regclass, 'trade_order'::regclass)`,
  )
  for (const { name } of indexes) await db.query(`DROP INDEX ${name}`)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

function inherited(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, REDIS_URL } = process.env
  return { PATH, HOME, TMPDIR, REDIS_URL }
}

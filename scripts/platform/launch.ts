import { mkdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import {
  appSpec,
  createSupervisor,
  startPostgres,
  startProcess,
  type AppName,
  type AppPorts,
  type Supervisor,
  waitToHoldFolder,
} from '@matic/local'
import { migrate } from '@matic/prisma/migrate'
import { seed } from '@matic/prisma/seed'
import { platformHold, platformPurpose } from '../lib/database.ts'
import { dataFolder, readEnvironment, type Environment } from '../lib/environment.ts'
import { fail, say } from '../lib/say.ts'
import { createChildLogs, type ChildLogs } from './child-log.ts'
import { readPorts, refuseTakenPorts } from './ports.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { ensureWebBuild } from './web-build.ts'

export interface Platform {
  readonly ports: AppPorts
  readonly folder: string
  readonly databaseUrl: string
  readonly secrets: Secrets
  readonly logs: ChildLogs
}

interface LaunchOptions {
  readonly watch: boolean
  readonly supervisor: Supervisor
  readonly stopping: AbortSignal
}

const wantedBytes = 500 * 1024 * 1024

/** Brings everything up in order; the dashboard is built while the rest starts. */
export async function launch({ watch, supervisor, stopping }: LaunchOptions): Promise<Platform> {
  const env = readEnvironment()
  const folder = dataFolder(env)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const ports = readPorts(env)
  await holdDataFolder(folder, ports)
  await refuseTakenPorts(ports)
  refuseFullDisk(folder)

  const secrets = loadSecrets({ folder, env })
  const logs = createChildLogs({ folder, everything: watch })
  const webBuild = watch ? Promise.resolve() : buildWeb({ env, logs, stopping })
  // Awaited further down; a failure before that must not count as unhandled.
  webBuild.catch(() => undefined)

  const databaseUrl = env['DATABASE_URL'] ?? (await runPostgres({ folder, supervisor, logs }))
  const applied = await migrate({ databaseUrl })
  if (applied.length > 0) say(`✓ ${applied.length} migration${applied.length === 1 ? '' : 's'} applied`)
  if (env['NODE_ENV'] !== 'production') await seed({ databaseUrl, env: { ...env, ...secrets } })

  const options = { env: { NODE_ENV: 'development', ...env }, dataDir: folder, databaseUrl, ports, secrets, watch }
  const run = async (name: AppName): Promise<void> => {
    await supervisor.run(name, () => startProcess({ ...appSpec(name, options), onLine: logs.lineOf(name) }))
    say(`✓ ${name} is up`)
  }
  await run('venue')
  await Promise.all([run('worker'), run('api')])
  await webBuild
  if (!stopping.aborted) await run('web')
  return { ports, folder, databaseUrl, secrets, logs }
}

async function holdDataFolder(folder: string, ports: AppPorts): Promise<void> {
  const hold = await waitToHoldFolder({
    ...platformHold(folder),
    purpose: platformPurpose,
    isWorthWaiting: ({ purpose }) => purpose !== platformPurpose,
  })
  if ('pid' in hold) {
    fail(
      `The platform already runs on ${folder} (process ${hold.pid}).`,
      `Open http://localhost:${ports.web}, or stop it with Ctrl+C where it runs (or: kill ${hold.pid}).`,
      'For a second one beside it: MATIC_DATA_DIR=.data-2 WEB_PORT=3100 PORT=3101 VENUE_PORT=3102 npm start',
    )
  }
  process.once('exit', () => hold[Symbol.dispose]())
}

function refuseFullDisk(folder: string): void {
  const { bavail, bsize } = statfsSync(folder)
  const freeBytes = bavail * bsize
  if (freeBytes >= wantedBytes) return
  fail(
    `Only ${Math.floor(freeBytes / 1024 / 1024)} MB are free where ${folder} is.`,
    'Free at least 500 MB, or set MATIC_DATA_DIR to a folder on another disk.',
  )
}

async function runPostgres({ folder, supervisor, logs }: { folder: string; supervisor: Supervisor; logs: ChildLogs }): Promise<string> {
  let address: { url: string; port: number } | undefined
  await supervisor.run('postgres', async () => {
    const log = logs.lineOf('postgres')
    const port = address === undefined ? {} : { port: address.port }
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log, ...port })
    address = postgres
    return postgres
  })
  if (address === undefined) throw new Error('PostgreSQL did not start')
  say('✓ postgres is up')
  return address.url
}

async function buildWeb({ env, logs, stopping }: { env: Environment; logs: ChildLogs; stopping: AbortSignal }): Promise<void> {
  const writeLine = logs.lineOf('web-build')
  const lines: string[] = []
  try {
    await ensureWebBuild({
      env,
      signal: stopping,
      onBuild: () => say('• building the dashboard (only when its sources change)'),
      onLine: (line) => {
        lines.push(line)
        writeLine(line)
      },
    })
  } catch (error) {
    say(lines.slice(-30).join('\n'))
    throw error
  }
}

export function createPlatformSupervisor(): Supervisor {
  return createSupervisor({ restartTheDead: true, say: (line) => say(`! ${line}`) })
}

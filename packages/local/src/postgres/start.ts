import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { startProcess, type Running } from '../process.ts'
import { isAlive, waitUntil } from '../signals.ts'
import { locateBinaries } from './binaries.ts'
import { ensureCluster } from './cluster.ts'
import { ensureDatabase } from './database.ts'
import { isPostgresOf, readPostmaster, serverUrl } from './find.ts'
import { serverUser } from './os-user.ts'

export interface Postgres extends Running {
  readonly url: string
  readonly port: number
}

export interface StartPostgresOptions {
  readonly dataDir: string
  readonly port?: number
  /** Created when missing. */
  readonly database?: string
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
}

const durableSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

const longestSocketPath = 90

/**
 * PostgreSQL from the packages on 127.0.0.1, as a child of this process. A server that a killed run left on the same data
 * folder is stopped first; the data stays.
 */
export async function startPostgres({ dataDir, port, database = 'matic', settings = {}, log }: StartPostgresOptions): Promise<Postgres> {
  const runAs = serverUser()
  const binaries = locateBinaries(runAs)
  const cluster = ensureCluster({ dataDir, binaries, runAs })
  await stopOrphan(cluster)

  const chosenPort = port ?? (await freePort())
  const socketFolder = process.platform === 'win32' || cluster.length > longestSocketPath ? '' : cluster
  const all = { ...durableSettings, unix_socket_directories: socketFolder, ...settings, port: String(chosenPort) }
  const running = await startProcess({
    name: 'postgres',
    command: binaries.postgres,
    args: ['-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    readyWhen: { line: /database system is ready to accept connections/ },
    stopSignal: 'SIGINT',
    stopWithinMs: 20_000,
    ...(log === undefined ? {} : { onLine: log }),
    ...(runAs === undefined ? {} : { uid: runAs.uid, gid: runAs.gid }),
  })

  await ensureDatabase({ url: serverUrl({ dataDir: cluster, port: chosenPort, database: 'postgres' }), database })
  return { ...running, port: chosenPort, url: serverUrl({ dataDir: cluster, port: chosenPort, database }) }
}

async function stopOrphan(cluster: string): Promise<void> {
  const postmaster = readPostmaster(cluster)
  if (postmaster === undefined) return
  const { pid } = postmaster
  if (isPostgresOf(pid, cluster)) {
    process.kill(pid, 'SIGINT')
    if (!(await waitUntil(() => !isAlive(pid), { deadlineMs: 15_000 }))) {
      process.kill(pid, 'SIGQUIT')
      await waitUntil(() => !isAlive(pid), { deadlineMs: 10_000 })
    }
  }
  // Left by a crash; its process id may belong to somebody else by now, which PostgreSQL would take for a running server.
  rmSync(join(cluster, 'postmaster.pid'), { force: true })
}

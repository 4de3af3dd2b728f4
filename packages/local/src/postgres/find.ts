import { existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { isAlive } from '../signals.ts'

export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly isReady: boolean
}

export const passwordFile = 'matic.password'

/** The address of a server that runs on this data folder right now. */
export function findPostgres({ dataDir, database = 'matic' }: { dataDir: string; database?: string }): string | undefined {
  const postmaster = readPostmaster(dataDir)
  if (postmaster === undefined || !postmaster.isReady || !isPostgresOf(postmaster.pid, dataDir)) return undefined
  return serverUrl({ dataDir, port: postmaster.port, database })
}

export function serverUrl({ dataDir, port, database }: { dataDir: string; port: number; database: string }): string {
  const password = readFileSync(join(dataDir, passwordFile), 'utf8').trim()
  return `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`
}

/** What postmaster.pid says; the file also stays behind after a crash. */
export function readPostmaster(dataDir: string): Postmaster | undefined {
  const path = join(dataDir, 'postmaster.pid')
  if (!existsSync(path)) return undefined
  const lines = readFileSync(path, 'utf8').split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' }
}

/** A process id is used again sooner or later: believe it only when that process is a server in this folder. */
export function isPostgresOf(pid: number, dataDir: string): boolean {
  if (!isAlive(pid)) return false
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataDir)
  } catch {
    const command = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout
    return command.includes('postgres') && command.includes(realpathSync(dataDir))
  }
}

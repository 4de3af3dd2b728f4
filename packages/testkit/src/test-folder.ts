import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'matic-test-'
const memoryFolder = '/dev/shm'
const memoryWantedBytes = 2 * 1024 ** 3

/**
 * A folder that goes with the run: in memory where there is room. Folders of runs that were killed are swept up.
 * @param onDisk for measurements that a file system in memory would flatter
 */
export function createTestFolder({ onDisk = false }: { onDisk?: boolean } = {}): string {
  const base = !onDisk && hasRoomInMemory() ? memoryFolder : tmpdir()
  sweep(base)
  const folder = mkdtempSync(join(base, `${prefix}${process.pid}-`))
  // As root, PostgreSQL runs as another user and has to pass through.
  chmodSync(folder, 0o711)
  return folder
}

function hasRoomInMemory(): boolean {
  if (!existsSync(memoryFolder)) return false
  const { bavail, bsize } = statfsSync(memoryFolder)
  return bavail * bsize > memoryWantedBytes
}

function sweep(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1])
    if (!Number.isInteger(pid) || processExists(pid)) continue
    try {
      rmSync(join(base, name), { recursive: true, force: true })
    } catch {
      // belongs to another user, who will sweep it
    }
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

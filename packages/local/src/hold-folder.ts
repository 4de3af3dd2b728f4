import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from './signals.ts'

export interface FolderHold extends Disposable {
  readonly path: string
}

/**
 * Marks a data folder as in use by this process.
 * @returns the hold, or the id of the living process that has it
 */
export function holdFolder(folder: string, name: string): FolderHold | { heldBy: number } {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.pid`)
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
    const owner = readOwner(path)
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) return { heldBy: owner }
    rmSync(path, { force: true })
  }
  const release = (): void => {
    if (readOwner(path) === process.pid) rmSync(path, { force: true })
  }
  return { path, [Symbol.dispose]: release }
}

function readOwner(path: string): number | undefined {
  try {
    const owner = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(owner) && owner > 0 ? owner : undefined
  } catch {
    return undefined
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

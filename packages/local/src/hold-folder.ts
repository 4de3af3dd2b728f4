import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from './signals.ts'

export interface FolderHold extends Disposable {
  readonly path: string
}

export interface Holder {
  readonly pid: number
  readonly purpose: string
}

/**
 * Marks a folder as in use by this process.
 * @returns the hold, or the living process that has it and what for
 */
export function holdFolder({ folder, name, purpose }: { folder: string; name: string; purpose: string }): FolderHold | Holder {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.pid`)
  for (;;) {
    try {
      writeFileSync(path, `${process.pid} ${purpose}`, { flag: 'wx' })
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = readHolder(path)
    if (holder !== undefined && holder.pid !== process.pid && isAlive(holder.pid)) return holder
    rmSync(path, { force: true })
  }
  const release = (): void => {
    if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true })
  }
  return { path, [Symbol.dispose]: release }
}

/** The same, waiting for holders that are soon done; `isWorthWaiting` decides about whom. */
export async function waitToHoldFolder({
  isWorthWaiting = () => true,
  patienceMs = 120_000,
  ...what
}: {
  folder: string
  name: string
  purpose: string
  isWorthWaiting?: (holder: Holder) => boolean
  patienceMs?: number
}): Promise<FolderHold | Holder> {
  const givesUpAtMs = performance.now() + patienceMs
  for (;;) {
    const hold = holdFolder(what)
    if (!('pid' in hold) || !isWorthWaiting(hold) || performance.now() > givesUpAtMs) return hold
    await sleep(100)
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const [pid, ...purpose] = readFileSync(path, 'utf8').split(' ')
    return Number(pid) > 0 ? { pid: Number(pid), purpose: purpose.join(' ') } : undefined
  } catch {
    return undefined
  }
}

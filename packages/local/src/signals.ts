import { setTimeout as sleep } from 'node:timers/promises'

/** True for a process that exists, also when it belongs to another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Signals a whole process group; a group that is already gone is fine. */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? leaderPid : -leaderPid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Waits until `done` says so; false when the deadline passed first. */
export async function waitUntil(
  done: () => boolean,
  { deadlineMs, everyMs = 20 }: { deadlineMs: number; everyMs?: number },
): Promise<boolean> {
  const endsAt = performance.now() + deadlineMs
  while (!done()) {
    if (performance.now() > endsAt) return false
    await sleep(everyMs)
  }
  return true
}

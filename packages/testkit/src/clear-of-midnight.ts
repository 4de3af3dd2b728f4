import { setTimeout as sleep } from 'node:timers/promises'

const DAY_MS = 86_400_000

/** For what is counted by the day: waits for the next one where less than `neededMs` is left of this one, in UTC. */
export async function clearOfMidnight(neededMs = 30_000): Promise<void> {
  const leftMs = DAY_MS - (Date.now() % DAY_MS)
  if (leftMs < neededMs) await sleep(leftMs + 100)
}

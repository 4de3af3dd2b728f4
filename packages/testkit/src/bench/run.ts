import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRig } from '../chaos/rig.ts'
import { createTraders } from '../chaos/traders.ts'
import { createTestFolder } from '../test-folder.ts'
import { benchDoor, type DoorFigures } from './door.ts'
import { benchReceipt, type ReceiptFigures } from './receipt.ts'

export interface BenchFigures {
  door: DoorFigures
  receipt: ReceiptFigures | undefined
}

/** Both measurements against one real stack: an api, a worker, Postgres and the venue, each a process of its own. */
export async function runBench({
  rounds,
  roundMs,
  say,
}: {
  rounds: number
  roundMs: number
  say: (line: string) => void
}): Promise<BenchFigures> {
  const dir = createTestFolder({ onDisk: true })
  const rig = await startRig({ dir, timingsScale: 1, apis: 1, workers: 1, say })
  try {
    const traders = await createTraders(rig.db, { count: 60, depositUsdt: '1000000' })
    await untilOpened(rig.db, traders.length)
    const receipt = await benchReceipt({ rig, traders, say })
    await rig.kill('worker-0', 3_600_000)
    return { receipt, door: await benchDoor({ rig, traders, rounds, roundMs, say }) }
  } finally {
    await rig.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

async function untilOpened(db: Parameters<typeof createTraders>[0], count: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 200) {
    const rows = await db.query<{ open: string }>(`SELECT count(*) AS open FROM account_state WHERE equity > 0`)
    if (Number(rows[0]?.open) >= count) return
    await sleep(200)
  }
  throw new Error('The paper accounts were not opened within a minute')
}

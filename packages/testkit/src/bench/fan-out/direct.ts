import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess } from '@matic/local'
import { z } from 'zod'
import type { RigBase } from '../../chaos/rig.ts'
import type { Witness } from '../../chaos/witness.ts'
import type { FollowerAccount } from './followers.ts'

export interface DirectRound {
  readonly firstMs: number
  readonly lastMs: number
  readonly cpuMs: number
}

const Line = z.object({ round: z.number(), startedAtMs: z.number(), cpuMs: z.number() })

/** The same orders for the same keys by a bare loop: loop started → first and last order accepted by the exchange. */
export async function measureDirect({
  base,
  witness,
  followers,
  rounds,
  dir,
}: {
  base: RigBase
  witness: Witness
  followers: readonly FollowerAccount[]
  rounds: number
  dir: string
}): Promise<DirectRound[]> {
  const keysPath = join(dir, 'direct-keys.json')
  writeFileSync(keysPath, JSON.stringify(followers.map((one) => one.credentials)))
  const lines: z.infer<typeof Line>[] = []
  const running = await startProcess({
    name: 'direct',
    command: process.execPath,
    args: [fileURLToPath(new URL('../baseline/direct-ccxt.ts', import.meta.url)), base.venueUrl, keysPath, String(rounds)],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
    readyWhen: { line: /"round":0,/ },
    readyWithinMs: 300_000,
    onLine: (line) => {
      if (line.startsWith('{')) lines.push(Line.parse(JSON.parse(line)))
    },
  })
  const code = await running.exited
  if (code !== 0) throw new Error(`The bare loop ended with ${code}`)

  const orders = await witness.orders()
  return lines
    .filter((line) => line.round > 0)
    .map(({ round, startedAtMs, cpuMs }) => {
      const own = orders.filter((order) => order.clientOrderId.startsWith(`direct-buy-${round}-`)).map((order) => order.acceptedAt)
      if (own.length !== followers.length) throw new Error(`The bare loop placed ${own.length} of ${followers.length} orders`)
      return { firstMs: Math.min(...own) - startedAtMs, lastMs: Math.max(...own) - startedAtMs, cpuMs }
    })
}

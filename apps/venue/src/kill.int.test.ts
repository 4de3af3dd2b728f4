import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { adminToken, createWireClient, type Key } from './testing/wire-client.ts'

let dataDir: string
const children = new Set<ChildProcess>()
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'venue-kill-'))
})
afterEach(async () => {
  for (const child of children) await end(child, 'SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'test',
      MATIC_DATA_DIR: dataDir,
      VENUE_PORT: '0',
      VENUE_SEED: '7',
      VENUE_ADMIN_TOKEN: adminToken,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /venue ready on (\S+)/.exec(line)?.[1]
    if (url !== undefined) return { url, child }
  }
  throw new Error('the venue ended before it was ready')
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

it('keeps every acknowledged order through SIGKILL in the middle of load', async () => {
  const acknowledged = new Set<string>()
  let key: Key | undefined
  for (let round = 0; round < 3; round += 1) {
    const { url, child } = await start()
    const client = createWireClient(url)
    const trader = key ?? (await client.open('trader', '1000000'))
    key = trader
    let alive = true
    const sender = async (lane: number): Promise<void> => {
      for (let index = 0; alive; index += 1) {
        const id = `r${round}-${lane}-${index}`
        const side = index % 2 === 0 ? 'BUY' : 'SELL'
        try {
          const answer = await client.call(trader, 'POST', '/fapi/v1/order', {
            symbol: 'ETHUSDT',
            side,
            type: 'MARKET',
            quantity: '0.01',
            newClientOrderId: id,
          })
          if (answer.status === 200) acknowledged.add(id)
        } catch {
          return
        }
      }
    }
    const senders = [0, 1, 2, 3].map(sender)
    const before = acknowledged.size
    while (acknowledged.size < before + 40) await pause(10)
    await end(child, 'SIGKILL')
    alive = false
    await Promise.all(senders)
  }

  const { url, child } = await start()
  const client = createWireClient(url)
  const { orders } = (await client.admin('GET', '/venue/ledger')).body as {
    orders: { clientOrderId: string; status: string; side: string; executedQty: string }[]
  }
  const kept = new Set(orders.map((order) => order.clientOrderId))
  expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([])
  expect(acknowledged.size).toBeGreaterThanOrEqual(120)
  expect(orders.every((order) => order.status === 'FILLED')).toBe(true)
  expect((await client.admin('GET', '/venue/books')).body).toMatchObject({ balanced: true })
  const hash = (await client.admin('GET', '/venue/state-hash')).body

  // Ended politely it leaves a snapshot, and starts from it as the same exchange.
  await end(child, 'SIGTERM')
  expect(child.exitCode).toBe(0)
  const last = await start()
  expect((await createWireClient(last.url).admin('GET', '/venue/state-hash')).body).toEqual(hash)
})

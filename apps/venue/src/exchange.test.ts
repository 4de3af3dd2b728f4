import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hashState } from './engine/snapshot.ts'
import { type Exchange, openExchange } from './exchange.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let dir: string
const opened = new Set<Exchange>()
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'venue-journal-'))
})
afterEach(async () => {
  for (const exchange of opened) await exchange.close()
  opened.clear()
  rmSync(dir, { recursive: true, force: true })
})

const said: string[] = []
async function open(seed = 5): Promise<Exchange> {
  const exchange = await openExchange({
    dir,
    seed,
    clock: Date.now,
    onFailure: (error) => expect.fail(String(error)),
    say: (line) => said.push(line),
    ticking: false,
  })
  opened.add(exchange)
  return exchange
}

async function trade(exchange: Exchange, clientOrderId: string): Promise<void> {
  exchange.execute({
    type: 'place-order',
    ref: 'a',
    order: {
      symbol: 'ETHUSDT',
      side: 'BUY',
      positionSide: 'BOTH',
      type: 'MARKET',
      timeInForce: 'GTC',
      quantity: '0.1',
      price: '0',
      reduceOnly: false,
      clientOrderId,
    },
  })
  await exchange.settled()
}

/** What lies on the disk at this moment, as if the process had been killed now. */
async function dieSuddenly(exchange: Exchange): Promise<string> {
  const hash = hashState(exchange.state)
  const left = `${dir}/left`
  cpSync(join(dir, 'journal.ndjson'), join(left, 'journal.ndjson'))
  if (existsSync(join(dir, 'snapshot.json'))) cpSync(join(dir, 'snapshot.json'), join(left, 'snapshot.json'))
  opened.delete(exchange)
  await exchange.close()
  rmSync(join(dir, 'snapshot.json'), { force: true })
  cpSync(left, dir, { recursive: true })
  rmSync(left, { recursive: true })
  return hash
}

async function withoutGoodbye(): Promise<{ hash: string; size: number }> {
  const exchange = await open()
  exchange.execute({ type: 'open-account', ref: 'a', apiKey: 'k', secret: 's', depositUsdt: '1000' })
  await trade(exchange, 'one')
  await trade(exchange, 'two')
  const hash = await dieSuddenly(exchange)
  return { hash, size: readFileSync(join(dir, 'journal.ndjson')).length }
}

async function closeAgain(exchange: Exchange): Promise<void> {
  opened.delete(exchange)
  await exchange.close()
}

describe('the journal', () => {
  it('brings everything back after a sudden death', async () => {
    const { hash } = await withoutGoodbye()
    const again = await open()
    expect(hashState(again.state)).toBe(hash)
  })

  it('brings everything back from a snapshot, and what came after it', async () => {
    await withoutGoodbye()
    await closeAgain(await open())
    const more = await open()
    expect(existsSync(join(dir, 'snapshot.json'))).toBe(true)
    await trade(more, 'three')
    const hash = await dieSuddenly(more)
    const again = await open()
    expect(hashState(again.state)).toBe(hash)
    expect(again.state.accounts.get('a')?.orders.size).toBe(3)
  })

  it('does without a snapshot that is broken', async () => {
    const { hash } = await withoutGoodbye()
    writeFileSync(join(dir, 'snapshot.json'), '{"format":1,"off')
    const again = await open()
    expect(hashState(again.state)).toBe(hash)
  })

  it('cuts off a line that never got its end, and goes on', async () => {
    const { hash, size } = await withoutGoodbye()
    appendFileSync(join(dir, 'journal.ndjson'), '{"at":178,"type":"place-or')
    const again = await open()
    expect(hashState(again.state)).toBe(hash)
    expect(readFileSync(join(dir, 'journal.ndjson'))).toHaveLength(size)
    await trade(again, 'three')
    await dieSuddenly(again)
    expect((await open()).state.accounts.get('a')?.orders.size).toBe(3)
  })

  it('refuses to start on a line that is broken in the middle', async () => {
    await withoutGoodbye()
    const path = join(dir, 'journal.ndjson')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"type":"place-order"', '"type":"place'))
    await expect(open()).rejects.toThrow(/broken at byte/)
  })

  it('keeps the seed it began with', async () => {
    await withoutGoodbye()
    said.length = 0
    expect((await open(99)).state.seed).toBe(5)
    expect(said).toEqual([expect.stringContaining('began with seed 5')])
  })
})

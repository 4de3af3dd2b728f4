import { randomUUID } from 'node:crypto'
import { createDb, type Db } from '@matic/db'
import { parseAlert } from '@matic/domain/alert/parse-alert'
import { createClock, createIds, createRandom } from '@matic/platform'
import { createDatabase, type TestDatabase } from '@matic/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingestSignals, type Acknowledgement, type IngestedSignal, type NewSignal } from './ingest-signals.ts'

const WINDOW_MS = 30_000
const newId = createIds({ clock: createClock(), random: createRandom() })
const userId = randomUUID()

let database: TestDatabase
let one: Db
let two: Db

beforeAll(async () => {
  database = await createDatabase()
  one = createDb({ databaseUrl: database.url, applicationName: 'door-1', poolSize: 2 })
  two = createDb({ databaseUrl: database.url, applicationName: 'door-2', poolSize: 2 })
})
afterAll(async () => {
  await Promise.all([one.close(), two.close()])
  await database.drop()
})

/** An address of its own, so that tests cannot meet. */
function makeSource() {
  const sourceId = randomUUID()
  let atMs = Date.parse('2026-01-01T00:00:00Z')

  const delivery = (fields: Record<string, string>, afterMs = 10): NewSignal & { deliveryId: string } => {
    atMs += afterMs
    const rawBody = Buffer.from(JSON.stringify({ symbol: 'BTCUSDT.P', ...fields }))
    const parsed = parseAlert(rawBody)
    if (!parsed.ok) throw new Error(parsed.message)
    return {
      id: newId(),
      userId,
      source: 'WEBHOOK',
      sourceId,
      receivedAtMs: atMs,
      rawBody,
      alert: parsed.alert,
      requestId: null,
      deliveryId: newId(),
    }
  }
  const acknowledgement = (signal: { deliveryId: string }): Acknowledgement => ({ deliveryId: signal.deliveryId, atMs })
  const outcomes = () =>
    one.query<{ outcome: string; signals: string }>(
      `SELECT outcome, count(*) AS signals FROM delivery WHERE webhook_id = $1 GROUP BY outcome ORDER BY outcome`,
      [sourceId],
    )
  const stored = async () => (await one.query('SELECT 1 FROM signal WHERE source_id = $1', [sourceId])).length
  return { sourceId, delivery, acknowledgement, outcomes, stored }
}

function ingest(
  signals: readonly NewSignal[],
  options: { db?: Db; acknowledged?: readonly Acknowledgement[]; seen?: readonly string[] } = {},
): Promise<IngestedSignal[]> {
  return ingestSignals({
    db: options.db ?? one,
    signals,
    acknowledged: options.acknowledged ?? [],
    seenWebhooks: options.seen ?? [],
    dedupeWindowMs: WINDOW_MS,
  })
}

async function ingestOne(signal: NewSignal, options: Parameters<typeof ingest>[1] = {}): Promise<IngestedSignal> {
  const [result] = await ingest([signal], options)
  if (!result) throw new Error('nothing was answered')
  return result
}

describe('an alert without a key', () => {
  it('is one signal however often it is delivered', async () => {
    const source = makeSource()
    const results = []
    for (let send = 0; send < 4; send += 1) results.push(await ingestOne(source.delivery({ action: 'buy' })))
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, true, true, true])
    expect(new Set(results.map(({ signalId }) => signalId)).size).toBe(1)
    expect(await source.outcomes()).toEqual([
      { outcome: 'ACCEPTED', signals: '1' },
      { outcome: 'DUPLICATE', signals: '3' },
    ])
  })

  it('makes three signals of close, open and the same close again, once the first was acknowledged', async () => {
    const source = makeSource()
    const close = source.delivery({ action: 'close' })
    expect(await ingestOne(close)).toMatchObject({ duplicate: false })
    expect(await ingestOne(source.delivery({ action: 'buy' }), { acknowledged: [source.acknowledgement(close)] })).toMatchObject({
      duplicate: false,
    })
    expect(await ingestOne(source.delivery({ action: 'close' }))).toMatchObject({ duplicate: false })
    expect(await source.stored()).toBe(3)
  })

  it('stays a duplicate behind another alert while its sender may not know that we have it', async () => {
    const source = makeSource()
    await ingestOne(source.delivery({ action: 'close' }))
    await ingestOne(source.delivery({ action: 'buy' }))
    expect(await ingestOne(source.delivery({ action: 'close' }))).toMatchObject({ duplicate: true })
  })

  it('stays a duplicate when what came in between was about another market', async () => {
    const source = makeSource()
    const close = source.delivery({ action: 'close' })
    await ingestOne(close)
    await ingestOne(source.delivery({ action: 'buy', symbol: 'ETHUSDT.P' }), { acknowledged: [source.acknowledgement(close)] })
    expect(await ingestOne(source.delivery({ action: 'close' }))).toMatchObject({ duplicate: true })
  })

  it('is new again once the window is over, and not a moment earlier', async () => {
    const source = makeSource()
    await ingestOne(source.delivery({ action: 'buy' }))
    expect(await ingestOne(source.delivery({ action: 'buy' }, WINDOW_MS - 1))).toMatchObject({ duplicate: true })
    expect(await ingestOne(source.delivery({ action: 'buy' }, 1))).toMatchObject({ duplicate: false })
  })

  it('is one signal when both copies travel in one commit', async () => {
    const source = makeSource()
    const first = source.delivery({ action: 'buy' })
    const results = await ingest([first, source.delivery({ action: 'sell' }), source.delivery({ action: 'buy' })])
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, false, true])
    expect(results[2]?.signalId).toBe(first.id)
  })

  it('is another signal at another address', async () => {
    expect(await ingest([makeSource().delivery({ action: 'buy' }), makeSource().delivery({ action: 'buy' })])).toMatchObject([
      { duplicate: false },
      { duplicate: false },
    ])
  })
})

describe('an alert with a key', () => {
  it('is the same signal for ever, whatever its body says and whenever it comes', async () => {
    const source = makeSource()
    const first = await ingestOne(source.delivery({ action: 'buy', signalId: 'trade-1' }))
    const again = await ingestOne(source.delivery({ action: 'buy', signalId: 'trade-1', comment: 'sent again' }, 10 * WINDOW_MS))
    expect(again).toEqual({ signalId: first.signalId, duplicate: true })
  })

  it('is one signal when both copies travel in one commit', async () => {
    const source = makeSource()
    const results = await ingest([
      source.delivery({ action: 'buy', signalId: 'trade-1' }),
      source.delivery({ action: 'buy', signalId: 'trade-1' }),
    ])
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, true])
    expect(results[1]?.signalId).toBe(results[0]?.signalId)
  })

  it('is two signals with two keys, though the bodies come within the window', async () => {
    const source = makeSource()
    expect(
      await ingest([source.delivery({ action: 'buy', signalId: 'a' }), source.delivery({ action: 'buy', signalId: 'b' })]),
    ).toMatchObject([{ duplicate: false }, { duplicate: false }])
  })
})

describe('copies that arrive at two processes at the same moment', () => {
  it.each([
    ['by their body', {}],
    ['by their key', { signalId: 'trade-1' }],
  ])('are known %s', async (_how, key) => {
    for (let round = 0; round < 20; round += 1) {
      const source = makeSource()
      const copies = Array.from({ length: 4 }, () => source.delivery({ action: 'buy', ...key }))
      const results = await Promise.all(copies.map((copy, index) => ingestOne(copy, { db: index % 2 === 0 ? one : two })))
      expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
      expect(new Set(results.map(({ signalId }) => signalId)).size).toBe(1)
      expect(await source.stored()).toBe(1)
    }
  })

  it('cannot wait for each other when they name the same addresses in opposite order', async () => {
    const sources = [makeSource(), makeSource(), makeSource()]
    for (let round = 0; round < 20; round += 1) {
      const there = sources.map((source) => source.delivery({ action: 'buy', comment: `${round}` }))
      const back = sources.map((source) => source.delivery({ action: 'buy', comment: `${round}` })).toReversed()
      const [first, second] = await Promise.all([ingest(there), ingest(back, { db: two })])
      expect([...first, ...second].filter(({ duplicate }) => !duplicate)).toHaveLength(3)
    }
  })
})

describe('the same commit', () => {
  it('leaves every alert of a batch out when one cannot be stored', async () => {
    const source = makeSource()
    const good = source.delivery({ action: 'buy' })
    const bad = source.delivery({ action: 'sell' })
    await expect(ingest([good, { ...bad, alert: { ...bad.alert, ticker: 'BTC\u0000' } }])).rejects.toThrow(/invalid byte sequence|\\u0000/)
    expect(await source.stored()).toBe(0)
  })

  it('keeps bytes as they came', async () => {
    const source = makeSource()
    const signal = source.delivery({ action: 'buy' })
    const rawBody = Buffer.from([0x00, 0xff, 0x41])
    await ingestOne({ ...signal, rawBody })
    const [row] = await one.query<{ raw: Buffer; state: string }>('SELECT raw_body AS raw, state FROM signal WHERE id = $1', [signal.id])
    expect(row).toEqual({ raw: rawBody, state: 'RECEIVED' })
  })
})

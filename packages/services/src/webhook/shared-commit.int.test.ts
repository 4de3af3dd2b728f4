import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Alert } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { createClock, createIds, createRandom, createTimings } from '@matic/platform'
import { createDatabase, type TestDatabase } from '@matic/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manualAlert } from '../trading/manual-alert.ts'
import type { NewSignal } from './ingest-signals.ts'
import { createSharedCommit, type SharedCommit } from './shared-commit.ts'

const random = createRandom()
const newId = createIds({ clock: createClock(), random })
const silent = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined, child: () => silent }

let database: TestDatabase
let db: Db
let rings = 0

function door(on: Db = db): SharedCommit {
  return createSharedCommit({
    ctx: { clock: createClock(), timings: createTimings(), log: silent, doorbell: { ring: () => (rings += 1) } },
    db: on,
  })
}

interface Sent {
  readonly sourceId: string
  readonly body: string
  readonly alert?: Partial<Alert>
}

function signal({ sourceId, body, alert = {} }: Sent): NewSignal {
  return {
    id: newId(),
    userId: sourceId,
    source: 'WEBHOOK',
    sourceId,
    receivedAtMs: Date.now(),
    rawBody: Buffer.from(body),
    alert: { ...manualAlert({ ticker: 'BTCUSDT', action: 'buy', idempotencyKey: null, atMs: Date.now() }), ...alert },
    requestId: 'test',
    deliveryId: newId(),
  }
}

beforeAll(async () => {
  database = await createDatabase()
  db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 4 })
})

afterAll(async () => {
  await db.close()
  await database.drop()
})

describe('a commit that is shared', () => {
  it('is one commit for alerts that wait together, and one ring', async () => {
    const ingest = door()
    rings = 0
    const sources = Array.from({ length: 50 }, () => randomUUID())
    await Promise.all(sources.map((sourceId) => ingest.submit(signal({ sourceId, body: 'buy' }))))
    const [commits] = await db.query<{ n: number }>('SELECT count(DISTINCT xmin::text)::int AS n FROM signal WHERE source_id = ANY($1)', [
      sources,
    ])
    expect(commits?.n).toBeLessThanOrEqual(3)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(rings).toBeLessThanOrEqual(3)
    expect(rings).toBeGreaterThan(0)
    await ingest.close()
  })

  it('lets one row that cannot be stored fail alone', async () => {
    const ingest = door()
    const sourceId = randomUUID()
    const poison = signal({ sourceId, body: 'poison', alert: { comment: 'a\0b' } })
    const neighbours = Array.from({ length: 9 }, (_, index) => signal({ sourceId, body: `fine ${index}` }))
    const [failed, ...fine] = await Promise.allSettled([poison, ...neighbours].map((each) => ingest.submit(each)))
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'ALERT_NOT_UNDERSTOOD' } })
    expect(fine.every((result) => result.status === 'fulfilled')).toBe(true)
    const [stored] = await db.query<{ n: number }>('SELECT count(*)::int AS n FROM signal WHERE source_id = $1', [sourceId])
    expect(stored?.n).toBe(9)
    await ingest.close()
  })

  it('says 503 in time when the database is not there, and takes alerts again when it is', async () => {
    const away = createDb({ databaseUrl: database.url, applicationName: 'away', poolSize: 1, statementTimeoutMs: 20_000 })
    const ingest = door(away)
    const blocker = await away.pool.connect()
    const sourceId = randomUUID()
    const asked = ingest.submit(signal({ sourceId, body: 'buy' }))
    // A process that stood still for a moment sees both ends at once, the earlier one first.
    const givenUp = sleep(2_900, 'given up')
    await expect(Promise.race([asked, givenUp])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    blocker.release()
    await expect(ingest.submit(signal({ sourceId, body: 'buy again' }))).resolves.toMatchObject({ duplicate: false })
    await ingest.close()
    await away.close()
  })
})

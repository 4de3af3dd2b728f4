import { setTimeout as sleep } from 'node:timers/promises'
import { createClock, createLimits, createLogger, createSecret } from '@matic/platform'
import { parseAlert } from '@matic/domain/alert/parse-alert'
import { createDb, type Db } from '@matic/db'
import { createDatabase, hasRedis, withRedis } from '@matic/testkit'
import { describe, expect, it } from 'vitest'
import { createOpensGuard } from './opens-guard.ts'
import { createSharedOpens } from './shared-opens.ts'

const PER_SECOND = 10
/** Of one process alone: a burst and what a minute gives. */
const MINUTE = PER_SECOND * 70

function alert(action: string) {
  const parsed = parseAlert(Buffer.from(JSON.stringify({ symbol: 'BTCUSDT', action })))
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.alert
}
const [open, close] = [alert('buy'), alert('close')]

describe.each([
  { name: 'Postgres', available: true },
  { name: 'Redis', available: hasRedis() },
])('alerts of one address at several processes, counted in $name', ({ name, available }) => {
  it.skipIf(!available)('are together what one process alone would take, and closes always pass', async () => {
    await using cleanUp = new AsyncDisposableStack()
    const redis = name === 'Redis' ? cleanUp.use(await withRedis()) : undefined
    const database = await createDatabase()
    cleanUp.defer(() => database.drop())
    const log = createLogger({ name: 'test', level: 'error', format: 'json' })
    // Two minutes' worth of alerts in about two seconds: each process's own bucket is filled up by a clock of its own, sixty times too fast.
    const real = createClock()
    const startedMs = real.monotonic()
    const fast = { now: () => real.now(), monotonic: () => startedMs + (real.monotonic() - startedMs) * 60 }
    const webhookId = `webhook-${process.pid}-${real.now()}`

    const databases: Db[] = []
    const processes = Array.from({ length: 4 }, () => {
      const db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 1 })
      databases.push(db)
      const limits = createLimits({ redisUrl: redis && createSecret(redis.url), pool: db.pool, log })
      const shared = createSharedOpens({ clock: real, log, limits, perSecond: PER_SECOND, tellAfterMs: 20 })
      cleanUp.defer(async () => {
        shared.close()
        await sleep(50)
        await limits.close()
        await db.close()
      })
      return createOpensGuard({ clock: fast, perSecond: PER_SECOND, shared })
    })
    await sleep(300)

    let admitted = 0
    // Until nobody has admitted anything for a while; no faster than the counts travel.
    for (let idleRounds = 0; idleRounds < 60;) {
      const before = admitted
      for (const guard of processes) if (guard.admits(webhookId, open)) admitted += 1
      idleRounds = admitted === before ? idleRounds + 1 : 0
      await Promise.all([sleep(5), ...databases.map((db) => db.query('SELECT 1'))])
    }
    // Without the others' counts each would have admitted several hundred on its own.
    expect(admitted).toBeGreaterThanOrEqual(MINUTE - 1)
    expect(admitted).toBeLessThan(MINUTE * 1.25)
    expect(processes.map((guard) => guard.admits(webhookId, open))).toEqual([false, false, false, false])
    expect(processes.map((guard) => guard.admits(webhookId, close))).toEqual([true, true, true, true])
    expect(processes.map((guard) => guard.admits('another', open))).toEqual([true, true, true, true])
  })
})

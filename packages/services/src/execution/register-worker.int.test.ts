import { createDb } from '@matic/db'
import { createSecret } from '@matic/platform'
import type { Logger } from '@matic/platform'
import { createDatabase } from '@matic/testkit'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { registerWorker } from './register-worker.ts'
import { WORKER_LOCK_NAMESPACE } from './worker-lock.ts'

const quiet: Logger = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined, child: () => quiet }

it('is nobody the moment its session ends, comes back under a new name, and hands its duty on', async () => {
  await using database = await createDatabase()
  const db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 2 })
  const register = () => registerWorker({ databaseUrl: createSecret(database.url), newId: randomUUID, pid: process.pid, logger: quiet })
  const one = register()
  const two = register()
  await Promise.all([one.ready, two.ready])
  expect(await one.holdsDuty(1)).toBe(true)
  expect(await two.holdsDuty(1)).toBe(false)

  const before = one.current()
  await db.query(
    `SELECT pg_terminate_backend(k.pid) FROM pg_locks k JOIN worker_process w ON k.objid = w.lock_key::oid WHERE k.locktype = 'advisory' AND k.classid = $2 AND w.id = $1`,
    [before?.id, WORKER_LOCK_NAMESPACE],
  )
  for (let waited = 0; before && !before.signal.aborted && waited < 15_000; waited += 10) await sleep(10)
  expect(before?.signal.aborted).toBe(true)
  // A server says that it ends a session before it gives up what the session held.
  await expect.poll(() => two.holdsDuty(1)).toBe(true)
  for (let waited = 0; one.current() === undefined && waited < 15_000; waited += 20) await sleep(20)
  expect(one.current()?.id).not.toBe(before?.id)
  expect(one.current()?.signal.aborted).toBe(false)

  await Promise.all([one.close(), two.close()])
  await db.close()
})

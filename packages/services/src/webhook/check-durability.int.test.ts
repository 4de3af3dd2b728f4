import { createDb } from '@matic/db'
import { createDatabase } from '@matic/testkit'
import { expect, it } from 'vitest'
import { checkDurability } from './check-durability.ts'

it('a database that acknowledges before it has written is refused in words that say what to do', async () => {
  await using database = await createDatabase()
  const connect = () => createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 1 })

  const safe = connect()
  await expect(checkDurability({ db: safe, allowNoFsync: true })).resolves.toBeUndefined()
  // The tests' own cluster runs without fsync.
  await expect(checkDurability({ db: safe, allowNoFsync: false })).rejects.toThrow(/fsync=on/)
  await safe.query(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`)
  await safe.close()

  const unsafe = connect()
  await expect(checkDurability({ db: unsafe, allowNoFsync: true })).rejects.toThrow(/synchronous_commit=on/)
  await unsafe.close()
})

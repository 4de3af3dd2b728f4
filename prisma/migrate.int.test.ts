import { createDatabase } from '@matic/testkit'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { migrate } from './migrate.ts'
import { readMigrations, type Migration } from './migrations-on-disk.ts'

const addition = (sql: string, checksum = 'a'.repeat(64)): Migration => ({ name: '99990101000000_addition', sql, checksum })

async function tables(databaseUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ tablename: string }>(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
  await client.end()
  return rows.map((row) => row.tablename)
}

test('a migration is applied once, also when two processes try at the same time', async () => {
  await using database = await createDatabase()
  const migrations = [
    ...readMigrations(),
    addition('CREATE TABLE added (id int); CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;'),
  ]
  const options = { databaseUrl: database.url, migrations }
  const applied = await Promise.all([migrate(options), migrate(options)])
  expect(applied.flat()).toEqual(['99990101000000_addition'])
  expect(await tables(database.url)).toContain('added')
})

test('a migration that fails half-way leaves nothing of itself', async () => {
  await using database = await createDatabase()
  const migrations = [...readMigrations(), addition('CREATE TABLE added (id int); SELECT no_such_function();')]
  await expect(migrate({ databaseUrl: database.url, migrations })).rejects.toThrow(
    /99990101000000_addition failed and was rolled back: .*no_such_function/,
  )
  expect(await tables(database.url)).not.toContain('added')
})

test('an applied migration that was edited is refused', async () => {
  await using database = await createDatabase()
  const migrations = readMigrations()
  await migrate({ databaseUrl: database.url, migrations: [...migrations, addition('SELECT 1')] })
  const edited = [...migrations, addition('SELECT 2', 'b'.repeat(64))]
  await expect(migrate({ databaseUrl: database.url, migrations: edited })).rejects.toThrow(/was edited after it was applied/)
})

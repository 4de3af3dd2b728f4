import { Client } from 'pg'
import { expect, test } from 'vitest'
import { createDatabase } from './database.ts'

test('two databases share nothing but the migrated schema', async () => {
  await using one = await createDatabase()
  await using other = await createDatabase()
  const client = new Client({ connectionString: one.url })
  await client.connect()
  await client.query('CREATE TABLE mine (id int)')
  await client.end()

  const second = new Client({ connectionString: other.url })
  await second.connect()
  const tables = await second.query<{ tablename: string }>(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
  await second.end()
  const names = tables.rows.map((row) => row.tablename)
  expect(names).not.toContain('mine')
  expect(names).toContain('_prisma_migrations')
})

test('a database is dropped once its last connection has left, and cuts only what stays', async () => {
  const database = await createDatabase()
  const leaving = new Client({ connectionString: database.url })
  const errors: Error[] = []
  leaving.on('error', (error) => errors.push(error))
  await leaving.connect()
  setTimeout(() => void leaving.end(), 100)
  await database.drop()
  expect(errors).toEqual([])

  const left = await createDatabase({ leaveWithinMs: 500 })
  const staying = new Client({ connectionString: left.url })
  const cut = new Promise<Error>((resolve) => staying.on('error', resolve))
  await staying.connect()
  await left.drop()
  expect((await cut).message).toContain('terminating connection')
})

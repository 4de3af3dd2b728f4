import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestFolder } from '@matic/testkit'
import { isAlive } from '../signals.ts'
import { removeCluster } from './cluster.ts'
import { startPostgres } from './start.ts'

let folder = ''

beforeEach(() => {
  folder = createTestFolder()
})

afterEach(() => {
  removeCluster(join(folder, 'private', 'postgres'))
  rmSync(folder, { recursive: true, force: true })
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('a second start finds the data of the first', async () => {
  const dataDir = join(folder, 'postgres')
  const first = await startPostgres({ dataDir })
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await first.stop()

  const second = await startPostgres({ dataDir })
  expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  expect(await query(second.url, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }])
  await second.stop()
})

test('works in a folder that only its owner may enter', async () => {
  const closed = join(folder, 'private')
  mkdirSync(closed)
  chmodSync(closed, 0o700)
  const postgres = await startPostgres({ dataDir: join(closed, 'postgres') })
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await postgres.stop()
})

test('a killed server leaves nothing that stops the next start', async () => {
  const dataDir = join(folder, 'postgres')
  const first = await startPostgres({ dataDir })
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one')
  await first.kill()

  const second = await startPostgres({ dataDir })
  expect(await query(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }])
  await second.stop()
})

test('a server still running on the folder is stopped before the next one starts', async () => {
  const dataDir = join(folder, 'postgres')
  const orphan = await startPostgres({ dataDir })
  const next = await startPostgres({ dataDir })
  expect(isAlive(orphan.pid)).toBe(false)
  expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await next.stop()
})

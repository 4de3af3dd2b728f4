import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, escapeIdentifier } from 'pg'
import { templateName } from './cluster.ts'
import { readTestEnvironment } from './env.ts'

export interface TestDatabase extends AsyncDisposable {
  readonly url: string
  drop(): Promise<void>
}

/**
 * A migrated, empty database of its own, copied from the template in some 30 ms.
 * Inside vitest it comes from the run's cluster; elsewhere pass the address of a cluster from `startTestCluster()`.
 */
export async function createDatabase({
  templateUrl = readTestEnvironment().templateUrl,
  leaveWithinMs = 10_000,
}: { templateUrl?: string | undefined; leaveWithinMs?: number } = {}): Promise<TestDatabase> {
  if (templateUrl === undefined)
    throw new Error('No test cluster: name the test file *.int.test.ts or *.e2e.test.ts, or start one with startTestCluster()')
  const name = `test_${randomBytes(6).toString('hex')}`
  await onServer(templateUrl, (client) =>
    client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(templateName)}`),
  )

  const url = new URL(templateUrl)
  url.pathname = `/${name}`
  const drop = (): Promise<void> =>
    onServer(templateUrl, async (client) => {
      await untilLeft(client, name, leaveWithinMs)
      await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`)
    })
  return { url: url.href, drop, [Symbol.asyncDispose]: drop }
}

/**
 * Connections that were just ended need a moment until the server knows: one that is cut in that moment
 * fails in the test's process, where nobody listens to it any more. What stays longer was left open and is cut.
 */
async function untilLeft(client: Client, database: string, withinMs: number): Promise<void> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline;) {
    const { rowCount } = await client.query('SELECT FROM pg_stat_activity WHERE datname = $1', [database])
    if (rowCount === 0) return
    await sleep(25)
  }
}

async function onServer(templateUrl: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const url = new URL(templateUrl)
  url.pathname = '/postgres'
  const client = new Client({ connectionString: url.href })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from './generated/client.ts'

/** Runs SQL and answers rows. numeric and bigint come as text, timestamptz as Date, bytea as Buffer. */
export interface Queryable {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

export interface Transaction extends Queryable {
  readonly inTransaction: true
}

export interface Db extends Queryable {
  readonly prisma: PrismaClient
  /** For what needs a connection of its own, such as session locks. */
  readonly pool: pg.Pool
  /**
   * Commits when `work` resolves, rolls back when it throws. A deadlock or serialisation failure runs `work` again,
   * so it may touch nothing outside the transaction.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>, options?: { retries?: number }): Promise<Result>
  close(): Promise<void>
}

export interface DbOptions {
  databaseUrl: string
  applicationName: string
  poolSize?: number
  statementTimeoutMs?: number
  /** A connection that nobody used for so long is closed; 0: never, for work that must not wait for connecting and planning. */
  idleTimeoutMs?: number
  /**
   * Statements are planned once a connection, for any values, and never to read a table from end to end where an index leads to its rows: a plan made
   * while a table is nearly empty is kept when it has grown. Where no index does, the cost looks so high that Postgres would compile the plan: that is
   * off. Right where all of them look rows up by index, however many they are given.
   */
  planOnce?: boolean
  onError?: (error: Error) => void
}

const TRANSIENT = new Set(['40001', '40P01'])

export function createDb(options: DbOptions): Db {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    application_name: options.applicationName,
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: options.idleTimeoutMs ?? 10_000,
    statement_timeout: options.statementTimeoutMs ?? 10_000,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    ...(options.planOnce && { options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off' }),
    // Statements that do not wait for each other share a round trip.
    pipeline: true,
  })
  pool.on('error', (error) => options.onError?.(error))
  // The pool listens to idle connections only; one that breaks in the middle of a transaction must not end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  const nameOf = createNames()

  return {
    prisma,
    pool,
    query: (text, values) => rows(pool, nameOf, text, values),
    async transaction(work, { retries = 5 } = {}) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await runOnce(pool, nameOf, work)
        } catch (error) {
          if (attempt >= retries || !isTransient(error)) throw error
          await pause(5 * 2 ** attempt * (0.5 + (attempt % 3) / 4))
        }
      }
    },
    async close() {
      await prisma.$disconnect()
      if (!pool.ended) await pool.end()
    },
  }
}

/** True for a deadlock or serialisation failure: the same work may succeed when run again. */
export function isTransient(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && TRANSIENT.has(error.code)
}

/** True where a row has what only one row may have. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}

async function runOnce<Result>(pool: pg.Pool, nameOf: Names, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    // On its way together with the first statement; without it nothing of what follows can succeed either.
    const begun = client.query('BEGIN')
    begun.catch(() => undefined)
    const result = await work({ inTransaction: true, query: (text, values) => rows(client, nameOf, text, values) })
    await begun
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure
    })
    throw error
  } finally {
    client.release(broken)
  }
}

async function rows<Row extends object>(
  client: pg.Pool | pg.PoolClient,
  nameOf: Names,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const result = await client.query<Row>({ name: nameOf(text), text, values: [...values] })
  return result.rows
}

const NAMES_MAX = 5_000

type Names = (text: string) => string

/** The same text is parsed and planned once a connection. Known texts are not hashed again: a fan-out runs each hundreds of times. */
function createNames(): Names {
  const names = new Map<string, string>()
  return (text) => {
    const known = names.get(text)
    if (known !== undefined) return known
    const name = createHash('sha1').update(text).digest('base64url')
    if (names.size >= NAMES_MAX) names.clear()
    names.set(text, name)
    return name
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

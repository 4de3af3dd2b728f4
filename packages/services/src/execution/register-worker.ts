import type { Logger, Secret } from '@matic/platform'
import pg from 'pg'
import type { WorkerIdentity } from './context.ts'
import { WORKER_LOCK_NAMESPACE } from './worker-lock.ts'

const ELECTION_NAMESPACE = 7_202_603
const PING_MS = 2_000
const RETRY_MS = 500

export interface WorkerRegistration extends WorkerIdentity {
  /** Resolves when this process is registered for the first time. */
  readonly ready: Promise<void>
  /** True while this process holds the duty; it moves when the holder's session ends. */
  holdsDuty(duty: number): Promise<boolean>
  close(): Promise<void>
}

interface Session {
  readonly id: string
  readonly client: pg.Client
  readonly abort: AbortController
  readonly duties: Set<number>
  ended: boolean
}

/**
 * Keeps one database session whose advisory lock proves this process alive. When the session ends, for whatever reason, the process is
 * nobody at once: its lanes belong to others from then on, and it comes back under a new name.
 */
export function registerWorker(options: { databaseUrl: Secret; newId: () => string; pid: number; logger: Logger }): WorkerRegistration {
  const logger = options.logger.child({ part: 'registration' })
  let session: Session | undefined
  let closed = false
  let registered: () => void = () => undefined
  const ready = new Promise<void>((resolve) => (registered = resolve))
  let wake: () => void = () => undefined

  async function open(): Promise<Session> {
    const client = new pg.Client({
      connectionString: options.databaseUrl.reveal(),
      application_name: 'matic worker lock',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
      // Several duties are asked for at the same time.
      pipeline: true,
    })
    const abort = new AbortController()
    const id = `worker-${options.newId()}`
    const opened: Session = { id, client, abort, duties: new Set(), ended: false }
    client.on('error', () => end(opened))
    client.on('end', () => end(opened))
    await client.connect()
    const { rows } = await client.query<{ lock_key: number }>('INSERT INTO worker_process (id, pid) VALUES ($1, $2) RETURNING lock_key', [
      id,
      options.pid,
    ])
    await client.query('SELECT pg_advisory_lock($1, $2)', [WORKER_LOCK_NAMESPACE, rows[0]?.lock_key])
    await client.query(
      `DELETE FROM worker_process w WHERE w.started_at < now() - interval '1 day'
         AND NOT EXISTS (SELECT 1 FROM pg_locks k WHERE k.locktype = 'advisory' AND k.classid = $1 AND k.objid = w.lock_key::oid)`,
      [WORKER_LOCK_NAMESPACE],
    )
    return opened
  }

  function end(ending: Session): void {
    if (ending.ended) return
    ending.ended = true
    ending.abort.abort()
    if (session === ending) {
      session = undefined
      if (!closed) logger.warn({ worker: ending.id }, 'the database session that proves this worker alive has ended')
      wake()
    }
    void ending.client.end().catch(() => undefined)
  }

  async function keep(): Promise<void> {
    while (!closed) {
      try {
        session ??= await open()
        registered()
        const current = session
        await pause(PING_MS)
        if (!current.ended && !closed) await current.client.query('SELECT 1')
      } catch (err) {
        logger.warn({ err }, 'this worker is not registered')
        if (session) end(session)
        await pause(RETRY_MS)
      }
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  const keeping = keep()

  return {
    ready,
    current: () => session && { id: session.id, signal: session.abort.signal },

    async holdsDuty(duty) {
      const current = session
      if (!current) return false
      if (current.duties.has(duty)) return true
      const { rows } = await current.client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS held', [
        ELECTION_NAMESPACE,
        duty,
      ])
      if (rows[0]?.held) current.duties.add(duty)
      return rows[0]?.held === true && !current.ended
    },

    async close() {
      closed = true
      wake()
      if (session) end(session)
      await keeping
    },
  }
}

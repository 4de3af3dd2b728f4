import type { CheckState, Readiness } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import type { Clock } from '@matic/platform'
import { LIVE_WORKERS } from '../execution/worker-lock.ts'

export interface ReadinessContext {
  readonly db: Queryable
  readonly clock: Clock
  readonly doorbell: { check(deadlineMs: number): Promise<void> }
}

export interface ReadinessReader {
  read(): Promise<Readiness>
}

const DEADLINE_MS = 2_000
/** Probes come from several sides; one look a second is enough for all. */
const FRESH_FOR_MS = 1_000
/** Marks are stored once a second. */
const VENUE_LATE_AFTER_MS = 15_000

/** What the platform can do, looked up at most once a second however often it is asked. */
export function createReadinessReader(ctx: ReadinessContext): ReadinessReader {
  let last: { at: number; readiness: Promise<Readiness> } | undefined
  return {
    read() {
      const at = ctx.clock.monotonic()
      if (last === undefined || at - last.at >= FRESH_FOR_MS) last = { at, readiness: look(ctx) }
      return last.readiness
    },
  }
}

async function look(ctx: ReadinessContext): Promise<Readiness> {
  const [stored, queue] = await Promise.all([lookAtDatabase(ctx), lookAtQueue(ctx)])
  const checks = { ...stored, queue }
  const degraded = Object.values(checks).some((state) => state !== 'ok')
  return {
    status: checks.database !== 'ok' ? 'unavailable' : degraded ? 'degraded' : 'ok',
    timestamp: new Date(ctx.clock.now()).toISOString(),
    checks,
  }
}

async function lookAtQueue({ doorbell }: ReadinessContext): Promise<CheckState> {
  return doorbell.check(DEADLINE_MS).then(
    () => 'ok',
    () => 'down',
  )
}

async function lookAtDatabase({ db }: ReadinessContext): Promise<{ database: CheckState; worker: CheckState; venue: CheckState }> {
  const asked = db.query<{ workers: number; markAgeMs: number | null }>(
    `SELECT (SELECT count(*)::int FROM (${LIVE_WORKERS}) live) AS workers,
            (SELECT extract(epoch FROM clock_timestamp() - max(mark_at))::float8 * 1000 FROM market WHERE exchange = 'PAPER') AS "markAgeMs"`,
  )
  const rows = await within(asked)
  const row = rows?.[0]
  // Behind a database that is silent nothing can be known.
  if (row === undefined) return { database: 'down', worker: 'down', venue: 'down' }
  return { database: 'ok', worker: row.workers > 0 ? 'ok' : 'down', venue: venueState(row.markAgeMs) }
}

function venueState(markAgeMs: number | null): CheckState {
  if (markAgeMs === null) return 'down'
  return markAgeMs <= VENUE_LATE_AFTER_MS ? 'ok' : 'late'
}

async function within<T>(asked: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, DEADLINE_MS, undefined)))
  try {
    return await Promise.race([asked.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}

import type { ServiceContext } from '../context.ts'
import type { Watch } from './answer-desk.ts'

export interface RequestAnswer {
  readonly state: 'DONE' | 'FAILED'
  readonly result: unknown
  readonly errorCode: string | null
}

const LOOK_EVERY_MS = 250

/** Waits for a committed request to be answered. @returns `undefined` when the wait was over first */
export async function awaitAnswer({
  ctx,
  id,
  watch,
}: {
  ctx: ServiceContext
  id: string
  watch: Watch
}): Promise<RequestAnswer | undefined> {
  const deadlineMs = ctx.clock.monotonic() + ctx.timings.apiRequestWaitMs
  for (;;) {
    const leftMs = deadlineMs - ctx.clock.monotonic()
    if (leftMs <= 0) return undefined
    await watch.next(Math.min(LOOK_EVERY_MS, leftMs))
    const [row] = await ctx.db.query<RequestAnswer>(
      `SELECT state, result, error_code AS "errorCode" FROM exchange_request WHERE id = $1 AND state IN ('DONE', 'FAILED')`,
      [id],
    )
    if (row) return row
  }
}

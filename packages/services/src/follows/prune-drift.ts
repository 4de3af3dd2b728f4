import type { ServiceContext } from '../context.ts'

/** What of drift is kept for its chart, days. */
export const DRIFT_KEPT_DAYS = 30
/** Rows of samples looked at in a round. */
const AT_ONCE = 5_000

/** Forgets what is older; the oldest first, some at a time. @returns how many rows went */
export async function pruneDrift({ ctx }: { ctx: Pick<ServiceContext, 'db'> }): Promise<number> {
  const old = `clock_timestamp() - make_interval(days => ${DRIFT_KEPT_DAYS})`
  // Samples are numbered as they come: the first numbers are the oldest, whatever else stands in the table.
  const samples = await ctx.db.query<{ id: string }>(
    `DELETE FROM copy_drift_sample WHERE id IN (SELECT id FROM (SELECT id, at FROM copy_drift_sample ORDER BY id LIMIT ${AT_ONCE}) x WHERE at < ${old}) RETURNING id`,
  )
  const drifts = await ctx.db.query<{ id: string }>(
    `DELETE FROM copy_drift WHERE id IN (SELECT id FROM copy_drift WHERE ended_at < ${old} LIMIT ${AT_ONCE}) RETURNING id`,
  )
  return samples.length + drifts.length
}

import type { Db } from '@matic/db'
import { countActivity } from './list-activity.ts'

/** Moves the mark behind which lines are hidden; facts stay. @returns how many lines it hid */
export async function clearActivity({ db, input }: { db: Db; input: { userId: string } }): Promise<number> {
  return db.transaction(async (tx) => {
    const counts = await countActivity({ db: tx, input })
    await tx.query(
      `INSERT INTO user_mark AS m (user_id, activity_cleared_to) VALUES ($1, coalesce((SELECT max(id) FROM fact WHERE user_id = $1), 0))
       ON CONFLICT (user_id) DO UPDATE SET activity_cleared_to = greatest(m.activity_cleared_to, excluded.activity_cleared_to)`,
      [input.userId],
    )
    return Object.values(counts).reduce((sum, count) => sum + count, 0)
  })
}

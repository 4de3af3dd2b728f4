import type { Queryable } from '@matic/db'

/** Who is told when something stops for many. */
export async function administrators(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ id: string }>(`SELECT id FROM app_user WHERE role IN ('ADMIN', 'SUPER_ADMIN') AND is_active ORDER BY id`)
  return rows.map(({ id }) => id)
}

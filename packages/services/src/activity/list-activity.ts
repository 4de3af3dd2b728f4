import {
  ACTIVITY_LEVELS,
  activityOf,
  activityText,
  type ActivityFilter,
  type ActivityLevel,
  type ActivityView,
  type FactKind,
  type PageMeta,
} from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { CSV_ROWS, toCsv } from '../csv.ts'
import { wordsOf } from './store-words.ts'

interface Row {
  id: string
  at: Date
  kind: FactKind
  entity: string
  entityId: string
  payload: Record<string, unknown>
  account: string | null
}

type Filter = ActivityFilter & { readonly userId: string }

const SINCE_CLEARED = `f.user_id = $1 AND f.level IS NOT NULL
  AND f.id > coalesce((SELECT activity_cleared_to FROM user_mark WHERE user_id = $1), 0)`

/** Facts of the user $1 that say this, among those with words of their own and those that are to get them (`storeWords`). */
function saying(text: string): string {
  // The backslash is the only sign left that means something to LIKE beside the percent.
  const pattern = String.raw`'%' || regexp_replace(lower(translate(${text}, '-_', '  ')), '([\\%])', '\\\1', 'g') || '%'`
  return `(SELECT w.fact_id FROM fact_words w WHERE w.user_id = $1 AND w.words LIKE ${pattern}
    UNION ALL
    SELECT n.id FROM fact n WHERE n.user_id = $1 AND n.level IS NOT NULL AND n.id > (SELECT done_to FROM fact_words_mark) AND ${wordsOf('n')} LIKE ${pattern})`
}

/** Only what is asked for, so that each condition can be answered by its index; $1 is the user. */
function conditionsOf({ userId, level, from, to, text }: Filter): { where: string; values: unknown[] } {
  const values: unknown[] = [userId]
  const place = (value: unknown) => `$${values.push(value)}`
  const where = [SINCE_CLEARED]
  if (level !== undefined) where.push(`f.level = ${place(level)}`)
  if (from !== undefined) where.push(`f.at >= ${place(from)}`)
  if (to !== undefined) where.push(`f.at < ${place(to)}`)
  if (text !== undefined) where.push(`f.id IN ${saying(place(text))}`)
  return { where: where.join(' AND '), values }
}

const COLUMNS = `f.id, f.at, f.kind, f.entity, f.entity_id AS "entityId", f.payload,
  (SELECT a.label FROM account a WHERE a.user_id = $1 AND a.id::text = coalesce(f.payload ->> 'accountId', f.entity_id)) AS account`

/** Newest first. */
export async function listActivity({
  db,
  input,
}: {
  db: Queryable
  input: Filter & { page: number; limit: number }
}): Promise<{ lines: ActivityView[]; meta: PageMeta }> {
  const { page, limit } = input
  const { where, values } = conditionsOf(input)
  const [[count], rows] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM fact f WHERE ${where}`, values),
    db.query<Row>(
      `SELECT ${COLUMNS} FROM fact f WHERE ${where} ORDER BY f.id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`,
      [...values, limit, (page - 1) * limit],
    ),
  ])
  return { lines: rows.flatMap(lineOf), meta: { page, limit, total: Number(count?.total ?? 0) } }
}

export async function countActivity({ db, input }: { db: Queryable; input: { userId: string } }): Promise<Record<ActivityLevel, number>> {
  const rows = await db.query<{ level: ActivityLevel; count: string }>(
    `SELECT f.level, count(*) AS count FROM fact f WHERE ${SINCE_CLEARED} GROUP BY f.level`,
    [input.userId],
  )
  const counts: Record<ActivityLevel, number> = { INFO: 0, SUCCESS: 0, WARNING: 0, ERROR: 0, TELEGRAM: 0 }
  for (const { level, count } of rows) if (ACTIVITY_LEVELS.includes(level)) counts[level] = Number(count)
  return counts
}

/** Oldest first. */
export async function exportActivity({ db, input }: { db: Queryable; input: Filter }): Promise<string> {
  const { where, values } = conditionsOf(input)
  const rows = await db.query<Row>(`SELECT ${COLUMNS} FROM fact f WHERE ${where} ORDER BY f.id LIMIT ${CSV_ROWS}`, values)
  const lines = rows
    .flatMap(lineOf)
    .map(({ at, level, code, params, account, entity, entityId }) => [
      at,
      level,
      code,
      activityText(code, params),
      account,
      entity,
      entityId,
    ])
  return toCsv(['time (UTC)', 'level', 'code', 'message', 'account', 'about', 'id'], lines)
}

function lineOf({ id, at, kind, entity, entityId, payload, account }: Row): ActivityView[] {
  const said = activityOf({ kind, entity, payload })
  return said === null ? [] : [{ id, at: at.toISOString(), ...said, account, entity, entityId }]
}

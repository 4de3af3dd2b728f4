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

/** What was said, in the words of the log or nearly so: kinds and states without their hyphens and underscores. */
const WORDS = `lower(translate(f.kind || ' ' || f.payload::text, '-_', '  '))`

const WHERE = `${SINCE_CLEARED} AND ($2::text IS NULL OR f.level = $2) AND ($3::timestamptz IS NULL OR f.at >= $3) AND ($4::timestamptz IS NULL OR f.at < $4)
  AND ($5::text IS NULL OR strpos(${WORDS}, lower(translate($5, '-_', '  '))) > 0)`

const COLUMNS = `f.id, f.at, f.kind, f.entity, f.entity_id AS "entityId", f.payload,
  (SELECT a.label FROM account a WHERE a.user_id = $1 AND a.id::text = coalesce(f.payload ->> 'accountId', f.entity_id)) AS account`

function valuesOf({ userId, level, from, to, text }: Filter): unknown[] {
  return [userId, level ?? null, from ?? null, to ?? null, text ?? null]
}

/** Newest first. */
export async function listActivity({
  db,
  input,
}: {
  db: Queryable
  input: Filter & { page: number; limit: number }
}): Promise<{ lines: ActivityView[]; meta: PageMeta }> {
  const { page, limit } = input
  const values = valuesOf(input)
  const [[count], rows] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM fact f WHERE ${WHERE}`, values),
    db.query<Row>(`SELECT ${COLUMNS} FROM fact f WHERE ${WHERE} ORDER BY f.id DESC LIMIT $6 OFFSET $7`, [
      ...values,
      limit,
      (page - 1) * limit,
    ]),
  ])
  return { lines: rows.flatMap(lineOf), meta: { page, limit, total: Number(count?.total ?? 0) } }
}

export async function countActivity({ db, input }: { db: Queryable; input: { userId: string } }): Promise<Record<ActivityLevel, number>> {
  const rows = await db.query<{ level: ActivityLevel; count: string }>(
    `SELECT f.level, count(*) AS count FROM fact f WHERE ${SINCE_CLEARED} GROUP BY f.level`,
    [input.userId],
  )
  const counts: Record<ActivityLevel, number> = { INFO: 0, SUCCESS: 0, WARNING: 0, ERROR: 0 }
  for (const { level, count } of rows) if (ACTIVITY_LEVELS.includes(level)) counts[level] = Number(count)
  return counts
}

/** Oldest first. */
export async function exportActivity({ db, input }: { db: Queryable; input: Filter }): Promise<string> {
  const rows = await db.query<Row>(`SELECT ${COLUMNS} FROM fact f WHERE ${WHERE} ORDER BY f.id LIMIT ${CSV_ROWS}`, valuesOf(input))
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

import type { SignalFilter } from '@matic/contracts'
import type { Queryable } from '@matic/db'

export interface EntryFilter extends SignalFilter {
  readonly userId: string
  readonly kind: 'all' | 'signal' | 'rejected'
}

export interface Entry {
  readonly kind: 'signal' | 'rejected'
  readonly id: string
}

/** Bytes are looked through as Postgres escapes them, so that no byte can fail the search. Indexed as it stands here. */
const BODY = (table: string) => `lower(encode(${table}.raw_body, 'escape'))`

const OWN_ORDER = `SELECT 1 FROM trade_order o WHERE o.signal_id = s.id AND o.user_id = $1 AND o.leg NOT IN ('stop', 'target')`
const OWN_DECISION = 'SELECT 1 FROM decision d WHERE d.signal_id = s.id AND d.user_id = $1'

const BY_OUTCOME: Readonly<Record<NonNullable<SignalFilter['outcome']>, string>> = {
  waiting: `NOT EXISTS (${OWN_DECISION})`,
  held: `EXISTS (SELECT 1 FROM signal_hold h WHERE h.signal_id = s.id AND h.state IN ('HELD', 'EXPIRED'))`,
  orders: `EXISTS (${OWN_DECISION} AND d.outcome = 'ORDERS')`,
  blocked: `EXISTS (${OWN_DECISION} AND d.outcome = 'BLOCKED')`,
  skipped: `EXISTS (${OWN_DECISION} AND d.outcome = 'SKIPPED')`,
  filled: `EXISTS (${OWN_ORDER} AND o.state = 'FILLED')`,
  refused: `EXISTS (${OWN_ORDER} AND o.state IN ('REJECTED', 'BLOCKED', 'EXPIRED', 'DEAD'))`,
  rejected: 'false',
}

/** Which lines of the signal log are asked for, newest first, and how many there are in all. */
export async function findEntries({
  db,
  input,
}: {
  db: Queryable
  input: EntryFilter & { page: number; limit: number }
}): Promise<{ entries: Entry[]; total: number }> {
  const { userId, text, page, limit } = input
  const byId = text === undefined ? [] : await idsOf(db, userId, text)
  const values: unknown[] = [userId]
  const both = sourcesOf(input, byId, (value) => `$${values.push(value)}`).join(' UNION ALL ')
  const [[count], entries] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM (${both}) AS e`, values),
    db.query<Entry>(
      `SELECT kind, id FROM (${both}) AS e ORDER BY received_at DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`,
      [...values, limit, (page - 1) * limit],
    ),
  ])
  return { entries, total: Number(count?.total ?? 0) }
}

/** Only conditions that are asked for are written, so that each can be answered by its index. `$` takes a value and answers its place. */
function sourcesOf(filter: EntryFilter, byId: readonly string[], $: (value: unknown) => string): string[] {
  const sources: string[] = []
  if (filter.kind !== 'rejected' && filter.outcome !== 'rejected') {
    const where = [...signalConditions(filter, $), ...(filter.text === undefined ? [] : [textCondition('s', filter.text, byId, $)])]
    sources.push(`SELECT 'signal' AS kind, s.id, s.received_at FROM signal s WHERE ${['s.user_id = $1', ...where].join(' AND ')}`)
  }
  const isSignalsOnly =
    filter.accountId !== undefined || (filter.outcome ?? 'rejected') !== 'rejected' || (filter.source ?? 'WEBHOOK') !== 'WEBHOOK'
  if (filter.kind !== 'signal' && !isSignalsOnly) {
    const where = [...rejectedConditions(filter, $), ...(filter.text === undefined ? [] : [textCondition('r', filter.text, byId, $)])]
    const conditions = ['r.user_id = $1', `r.outcome = 'REJECTED'`, ...where].join(' AND ')
    sources.push(`SELECT 'rejected' AS kind, r.id, r.received_at FROM delivery r WHERE ${conditions}`)
  }
  return sources.length === 0 ? [`SELECT 'signal' AS kind, $1::uuid AS id, now() AS received_at WHERE false`] : sources
}

function signalConditions({ from, to, symbol, source, accountId, reason, outcome }: EntryFilter, $: (value: unknown) => string): string[] {
  const where: string[] = []
  if (from !== undefined) where.push(`s.received_at >= ${$(from)}`)
  if (to !== undefined) where.push(`s.received_at < ${$(to)}`)
  if (source !== undefined) where.push(`s.source = ${$(source)}`)
  if (accountId !== undefined) where.push(`EXISTS (${OWN_DECISION} AND d.account_id = ${$(accountId)})`)
  if (outcome !== undefined) where.push(BY_OUTCOME[outcome])
  if (symbol !== undefined) {
    const place = $(symbol)
    where.push(
      `(strpos(upper(s.ticker), upper(${place}::text)) > 0 OR EXISTS (${OWN_DECISION} AND strpos(upper(d.symbol), upper(${place}::text)) > 0))`,
    )
  }
  if (reason !== undefined) {
    const place = $(reason)
    where.push(`(EXISTS (${OWN_DECISION} AND d.reason = ${place}) OR EXISTS (${OWN_ORDER} AND o.reason = ${place}))`)
  }
  return where
}

function rejectedConditions({ from, to, symbol, reason }: EntryFilter, $: (value: unknown) => string): string[] {
  const where: string[] = []
  if (from !== undefined) where.push(`r.received_at >= ${$(from)}`)
  if (to !== undefined) where.push(`r.received_at < ${$(to)}`)
  if (symbol !== undefined) where.push(`${BODY('r')} LIKE ${containing($(symbol))}`)
  if (reason !== undefined) where.push(`r.error_code = ${$(reason)}`)
  return where
}

function textCondition(table: 's' | 'r', text: string, byId: readonly string[], $: (value: unknown) => string): string {
  const inBody = `${BODY(table)} LIKE ${containing($(text))}`
  return byId.length === 0 ? inBody : `(${inBody} OR ${table}.id = ANY(${$(byId)}::uuid[]))`
}

/** As the bodies are escaped, and nothing in it a wildcard. */
function containing(place: string): string {
  return String.raw`'%' || regexp_replace(lower(encode(convert_to(${place}, 'UTF8'), 'escape')), '([\\%_])', '\\\1', 'g') || '%'`
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** What a text means as the id of a signal or a delivery, or of an order at us or at the exchange. */
async function idsOf(db: Queryable, userId: string, text: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT signal_id AS id FROM trade_order WHERE user_id = $1 AND signal_id IS NOT NULL AND (client_order_id = $2 OR exchange_order_id = $2)
       AND leg NOT IN ('stop', 'target') LIMIT 100`,
    [userId, text],
  )
  return [...rows.map(({ id }) => id), ...(UUID.test(text) ? [text] : [])]
}

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

/** Bytes are looked through as Postgres escapes them, so that no byte can fail the search. */
const HAS_TEXT = (column: string) => `strpos(lower(encode(${column}, 'escape')), lower(encode(convert_to($8, 'UTF8'), 'escape'))) > 0`

const OWN_ORDER = `SELECT 1 FROM trade_order o WHERE o.signal_id = s.id AND o.user_id = $1 AND o.leg NOT IN ('stop', 'target')`
const OWN_DECISION = 'SELECT 1 FROM decision d WHERE d.signal_id = s.id AND d.user_id = $1'

const SIGNALS = `SELECT 'signal' AS kind, s.id, s.received_at FROM signal s
  WHERE s.user_id = $1 AND ($2::timestamptz IS NULL OR s.received_at >= $2) AND ($3::timestamptz IS NULL OR s.received_at < $3)
    AND ($4::text IS NULL OR strpos(upper(s.ticker), upper($4)) > 0 OR EXISTS (${OWN_DECISION} AND strpos(upper(d.symbol), upper($4)) > 0))
    AND ($5::text IS NULL OR s.source = $5)
    AND ($6::uuid IS NULL OR EXISTS (${OWN_DECISION} AND d.account_id = $6))
    AND ($7::text IS NULL OR EXISTS (${OWN_DECISION} AND d.reason = $7) OR EXISTS (${OWN_ORDER} AND o.reason = $7))
    AND ($8::text IS NULL OR ${HAS_TEXT('s.raw_body')} OR s.id::text = lower($8) OR EXISTS (${OWN_ORDER} AND $8 IN (o.client_order_id, o.exchange_order_id)))
    AND CASE $9::text
          WHEN 'waiting' THEN NOT EXISTS (${OWN_DECISION})
          WHEN 'held' THEN EXISTS (SELECT 1 FROM signal_hold h WHERE h.signal_id = s.id AND h.state IN ('HELD', 'EXPIRED'))
          WHEN 'orders' THEN EXISTS (${OWN_DECISION} AND d.outcome = 'ORDERS')
          WHEN 'blocked' THEN EXISTS (${OWN_DECISION} AND d.outcome = 'BLOCKED')
          WHEN 'skipped' THEN EXISTS (${OWN_DECISION} AND d.outcome = 'SKIPPED')
          WHEN 'filled' THEN EXISTS (${OWN_ORDER} AND o.state = 'FILLED')
          WHEN 'refused' THEN EXISTS (${OWN_ORDER} AND o.state IN ('REJECTED', 'BLOCKED', 'EXPIRED', 'DEAD'))
          WHEN 'rejected' THEN false
          ELSE true END
    AND $10 IN ('all', 'signal')`

const REJECTED = `SELECT 'rejected' AS kind, r.id, r.received_at FROM delivery r
  WHERE r.user_id = $1 AND r.outcome = 'REJECTED' AND ($2::timestamptz IS NULL OR r.received_at >= $2) AND ($3::timestamptz IS NULL OR r.received_at < $3)
    AND ($4::text IS NULL OR strpos(upper(encode(r.raw_body, 'escape')), upper($4)) > 0)
    AND ($5::text IS NULL OR $5 = 'WEBHOOK') AND $6::uuid IS NULL AND ($7::text IS NULL OR r.error_code = $7)
    AND ($8::text IS NULL OR ${HAS_TEXT('r.raw_body')} OR r.id::text = lower($8)) AND ($9::text IS NULL OR $9 = 'rejected') AND $10 IN ('all', 'rejected')`

/** Which lines of the signal log are asked for, newest first, and how many there are in all. */
export async function findEntries({
  db,
  input,
}: {
  db: Queryable
  input: EntryFilter & { page: number; limit: number }
}): Promise<{ entries: Entry[]; total: number }> {
  const { userId, from, to, symbol, source, accountId, reason, text, outcome, kind, page, limit } = input
  const values = [userId, from, to, symbol, source, accountId, reason, text, outcome, kind].map((value) => value ?? null)
  const both = `${SIGNALS} UNION ALL ${REJECTED}`
  const [[count], entries] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM (${both}) AS e`, values),
    db.query<Entry>(`SELECT kind, id FROM (${both}) AS e ORDER BY received_at DESC, id DESC LIMIT $11 OFFSET $12`, [
      ...values,
      limit,
      (page - 1) * limit,
    ]),
  ])
  return { entries, total: Number(count?.total ?? 0) }
}

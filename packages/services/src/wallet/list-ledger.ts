import type { LedgerView, PageMeta } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { CSV_ROWS, toCsv } from '../csv.ts'
import { plain } from '../plain.ts'

export interface LedgerInput {
  readonly userId: string
  readonly accountId?: string | undefined
  readonly symbol?: string | undefined
  readonly type?: LedgerView['type'] | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

interface Row extends Omit<LedgerView, 'at'> {
  at: Date
}

const COLUMNS = `l.id, l.account_id AS "accountId", a.label AS "accountLabel", l.type, l.amount, l.currency, l.symbol, l.venue_id AS "venueId", l.at`
const WHERE = `l.user_id = $1 AND ($2::uuid IS NULL OR l.account_id = $2) AND ($3::text IS NULL OR l.symbol = $3) AND ($4::text IS NULL OR l.type = $4)
  AND ($5::timestamptz IS NULL OR l.at >= $5) AND ($6::timestamptz IS NULL OR l.at < $6)`

/** What the exchange booked, newest first. */
export async function listLedger({
  db,
  input,
}: {
  db: Queryable
  input: LedgerInput & { page: number; limit: number }
}): Promise<{ entries: LedgerView[]; meta: PageMeta }> {
  const { page, limit } = input
  const [[count], rows] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM ledger_entry l WHERE ${WHERE}`, valuesOf(input)),
    db.query<Row>(
      `SELECT ${COLUMNS} FROM ledger_entry l JOIN account a ON a.id = l.account_id WHERE ${WHERE} ORDER BY l.at DESC, l.id DESC LIMIT $7 OFFSET $8`,
      [...valuesOf(input), limit, (page - 1) * limit],
    ),
  ])
  return { entries: rows.map(viewOf), meta: { page, limit, total: Number(count?.total ?? 0) } }
}

const HEADER = ['time (UTC)', 'account', 'type', 'symbol', 'amount', 'currency', 'exchange id']

/** Oldest first. */
export async function exportLedger({ db, input }: { db: Queryable; input: LedgerInput }): Promise<string> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM ledger_entry l JOIN account a ON a.id = l.account_id WHERE ${WHERE} ORDER BY l.at, l.id LIMIT ${CSV_ROWS}`,
    valuesOf(input),
  )
  return toCsv(
    HEADER,
    rows.map(viewOf).map((row) => [row.at, row.accountLabel, row.type, row.symbol, row.amount, row.currency, row.venueId]),
  )
}

function valuesOf({ userId, accountId, symbol, type, from, to }: LedgerInput): unknown[] {
  return [userId, accountId ?? null, symbol ?? null, type ?? null, from ?? null, to ?? null]
}

function viewOf(row: Row): LedgerView {
  return { ...row, amount: plain(row.amount), at: row.at.toISOString() }
}

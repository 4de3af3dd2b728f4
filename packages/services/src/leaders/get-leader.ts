import { RISK_RULE, type LeaderView, type PageMeta, type PerformanceFigures, type RecordLine, type RecordPortrait } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { publicContent, withoutAmounts } from '@matic/domain'
import { isoOrNull, plainOrNull } from '../plain.ts'
import { FIGURE_COLUMNS, figuresView } from './list-leaders.ts'
import { sha256 } from './sha256.ts'
import { shownAum } from './shown-aum.ts'
import { readStrategy, type AskedStrategy } from './visible-strategies.ts'

/** @throws AppError NOT_FOUND */
export async function getLeader({ db, input }: { db: Queryable; input: AskedStrategy }): Promise<LeaderView> {
  const row = await readStrategy(db, input)
  const [windows, [head]] = await Promise.all([
    db.query<PerformanceFigures>(`SELECT ${FIGURE_COLUMNS} FROM strategy_figures f WHERE f.strategy_id = $1 ORDER BY f.window_days`, [
      row.strategyId,
    ]),
    db.query<{ number: number; hash: string; updatedAt: Date; portrait: RecordPortrait | null }>(
      `SELECT number, hash, updated_at AS "updatedAt", portrait FROM record_head WHERE strategy_id = $1`,
      [row.strategyId],
    ),
  ])
  const { strategyId, name, description, visibility, leader, isOwn, environment, days, risk, showsAmounts } = row
  const { months = [], ...portrait } = head?.portrait ?? { curve: [], leverage: [], holding: [] }
  return {
    strategyId,
    name,
    description,
    visibility,
    leader,
    isOwn,
    environment,
    days,
    risk,
    showsAmounts,
    equity: plainOrNull(row.equity),
    aum: shownAum(row),
    copiers: row.copiers,
    since: row.since.toISOString(),
    closedAt: isoOrNull(row.closedAt),
    riskRule: RISK_RULE,
    windows: windows.map((figures) => figuresView(figures, row)),
    ...portrait,
    months: row.seesAmounts ? months : months.map((month) => ({ ...month, pnl: null })),
    record: { rows: head?.number ?? 0, headHash: head?.hash ?? null, updatedAt: isoOrNull(head?.updatedAt ?? null) },
  }
}

interface RecordInput extends AskedStrategy {
  /** An administrator, who sees what the leader does. */
  readonly isAdmin: boolean
  readonly kind: 'all' | 'trade' | 'value'
  readonly page: number
  readonly limit: number
}

/** Newest first; amounts that are sealed for its leader and administrators alone. Corrections and withdrawals of trades are listed with the trades. @throws AppError NOT_FOUND */
export async function listRecord({ db, input }: { db: Queryable; input: RecordInput }): Promise<{ lines: RecordLine[]; meta: PageMeta }> {
  const { page, limit } = input
  const { strategyId, isOwn, seesAmounts } = await readStrategy(db, input)
  const shown = (content: RecordLine['content']) => {
    if (isOwn || input.isAdmin) return content
    const known = publicContent(sha256, content)
    return plainObject(seesAmounts ? known : withoutAmounts(known))
  }
  const where = `r.strategy_id = $1 AND ($2 = 'all' OR (r.trade_id IS NOT NULL) = ($2 = 'trade'))`
  const [[count], rows] = await Promise.all([
    db.query<{ total: number }>(`SELECT count(*)::int AS total FROM record_row r WHERE ${where}`, [strategyId, input.kind]),
    db.query<Omit<RecordLine, 'writtenAt'> & { writtenAt: Date }>(
      `SELECT r.number, r.written_at AS "writtenAt", r.hash, r.previous_hash AS "previousHash", r.content FROM record_row r WHERE ${where} ORDER BY r.number DESC LIMIT $3 OFFSET $4`,
      [strategyId, input.kind, limit, (page - 1) * limit],
    ),
  ])
  const lines = rows.map((row) => ({ ...row, content: shown(row.content), writtenAt: row.writtenAt.toISOString() }))
  return { lines, meta: { page, limit, total: count?.total ?? 0 } }
}

function plainObject(content: unknown): RecordLine['content'] {
  return typeof content === 'object' && content !== null ? Object.fromEntries(Object.entries(content)) : {}
}

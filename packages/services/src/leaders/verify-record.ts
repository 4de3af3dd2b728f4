import type { RecordVerdict } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { readRecord, verifyChain, type ChainHead, type RecordRow } from '@matic/domain'
import { plainOrNull } from '../plain.ts'
import { figuresOf, type WrittenFigures } from './save-figures.ts'
import { sha256 } from './sha256.ts'

type StoredFigures = WrittenFigures & { readonly windowDays: number }

/** Recomputes a strategy's chain from its root and every published figure out of its rows. */
export async function verifyRecord({ db, input }: { db: Queryable; input: { strategyId: string } }): Promise<RecordVerdict> {
  const { strategyId } = input
  const [moment] = await db.query<{ rows: RecordRow[]; head: ChainHead | null; figures: StoredFigures[] }>(
    `SELECT (SELECT coalesce(json_agg(json_build_object('number', number, 'content', content, 'previousHash', previous_hash, 'hash', hash) ORDER BY number), '[]')
               FROM record_row WHERE strategy_id = $1) AS rows,
            (SELECT json_build_object('number', number, 'hash', hash) FROM record_head WHERE strategy_id = $1) AS head,
            (SELECT coalesce(json_agg(f), '[]') FROM (
               SELECT window_days AS "windowDays", roi_percent::text AS "roiPercent", pnl::text AS pnl, max_drawdown_percent::text AS "maxDrawdownPercent", sharpe::text AS sharpe,
                      win_rate_percent::text AS "winRatePercent", profit_factor::text AS "profitFactor", trades, liquidations, average_hold_seconds AS "averageHoldSeconds",
                      median_leverage::text AS "medianLeverage", high_leverage::text AS "highLeverage"
                 FROM strategy_figures WHERE strategy_id = $1) AS f) AS figures`,
    [strategyId],
  )
  const rows = moment?.rows ?? []
  const { head, firstFault } = verifyChain(sha256, strategyId, rows, moment?.head ?? null)
  const wrongFigures = wrong(rows, moment?.figures ?? [])
  return {
    rows: rows.length,
    headNumber: head.number,
    headHash: head.hash,
    firstFault,
    wrongFigures,
    fits: firstFault === null && wrongFigures.length === 0,
  }
}

/** Published figures that the rows do not come to. */
function wrong(rows: readonly RecordRow[], published: readonly StoredFigures[]): RecordVerdict['wrongFigures'] {
  const computed = new Map(figuresOf(readRecord(rows.map((row) => row.content))).map((one) => [one.windowDays, one.figures]))
  return published.flatMap(({ windowDays, ...figures }) => {
    const own = computed.get(windowDays)
    return Object.entries(figures).flatMap(([name, value]) => {
      const said = typeof value === 'string' ? plainOrNull(value) : value
      const comesTo = own === undefined ? null : Object.entries(own).find(([key]) => key === name)?.[1]
      return said === comesTo ? [] : [{ windowDays, figure: name }]
    })
  })
}

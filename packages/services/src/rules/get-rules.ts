import type { AccountRulesView, RiskUsage, Rules, RulesView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { dailyLoss, peakFall } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import { plainOrNull } from '../plain.ts'
import { lastLossColumn, resultColumns, resultOf, type ResultRow } from './result-columns.ts'
import { readRules, ruleColumns, rulesOf, type RulesRow } from './rule-columns.ts'

interface AccountRow extends RulesRow, ResultRow {
  readonly accountId: string
  readonly label: string
  readonly exchange: string
  readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
  readonly equity: string | null
  readonly openSymbols: number
  readonly lastLossMs: number | null
  readonly nowMs: number
}

/** A person's rules, what each account has differently, and how much of each limit is used. */
export async function getRules({ db, input }: { db: Queryable; input: { userId: string } }): Promise<RulesView> {
  await db.query('INSERT INTO bot_settings (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [input.userId])
  const [own] = await db.query<Rules>(`SELECT ${ruleColumns('b')} FROM bot_settings b WHERE b.user_id = $1`, [input.userId])
  if (!own) throw new Error('Rules that were just there are gone')
  return { rules: readRules(own), accounts: await readAccountRules(db, input) }
}

/** Of the accounts of a person, or of one of them. */
export async function readAccountRules(
  db: Queryable,
  { userId, accountId }: { userId: string; accountId?: string },
): Promise<AccountRulesView[]> {
  const rows = await db.query<AccountRow>(
    `SELECT a.id AS "accountId", a.label, a.exchange, a.environment, ${ruleColumns('b')}, ar.overrides, st.equity, ${resultColumns('st')},
            ${lastLossColumn({ account: 'a', settings: 'b', own: 'ar' })},
            (SELECT count(DISTINCT held.symbol)::int FROM (
               SELECT p.symbol FROM holding p WHERE p.account_id = a.id
               UNION ALL
               SELECT o.symbol FROM trade_order o WHERE o.account_id = a.id AND o.leg = 'open' AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')
             ) AS held) AS "openSymbols",
            (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
       FROM account a
       JOIN bot_settings b ON b.user_id = a.user_id
       LEFT JOIN account_rules ar ON ar.account_id = a.id
       LEFT JOIN account_state st ON st.account_id = a.id
      WHERE a.user_id = $1 AND a.deleted_at IS NULL AND ($2::uuid IS NULL OR a.id = $2)
      ORDER BY a.created_at, a.id`,
    [userId, accountId ?? null],
  )
  return rows.map((row) => {
    const { label, exchange, environment } = row
    const effective = rulesOf(row)
    return {
      accountId: row.accountId,
      label,
      exchange,
      environment,
      overrides: row.overrides ?? {},
      effective,
      usage: usageOf(row, effective),
    }
  })
}

const DAY_MS = 86_400_000

function usageOf(row: AccountRow, rules: Rules): RiskUsage {
  const result = resultOf(row)
  const day = result && dailyLoss(result, rules.dailyLossPercent)
  const fall = result && peakFall(result)
  const coolMs = row.lastLossMs === null ? 0 : row.lastLossMs + rules.coolDownMinutes * 60_000
  return {
    equity: plainOrNull(row.equity),
    positions: { open: row.openSymbols, limit: rules.maxPositions },
    daily: {
      lossQuote: day ? money(day.lossQuote) : null,
      limitQuote: day?.limitQuote ? money(day.limitQuote) : null,
      resetsAt: new Date((Math.floor(row.nowMs / DAY_MS) + 1) * DAY_MS).toISOString(),
    },
    drawdown: {
      percent: fall ? money(fall.percent) : null,
      limitPercent: rules.maxDrawdownPercent,
      peakQuote: fall ? money(fall.peakQuote) : null,
    },
    coolDownUntil: coolMs > row.nowMs ? new Date(coolMs).toISOString() : null,
  }
}

function money(amount: Decimal): string {
  return amount.toDecimalPlaces(2).toFixed()
}

import type { BucketView, RecordLine, RecordVerdict, RiskLabel, RiskRule } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { formatAmount, formatExact, shortSymbol } from './format.ts'

export const RISK_WORDS: Record<
  RiskLabel,
  { readonly word: string; readonly icon: string; readonly color: 'neutral' | 'success' | 'warning' | 'error' }
> = {
  UNKNOWN: { word: 'Too young to rate', icon: 'i-lucide-circle-help', color: 'neutral' },
  LOW: { word: 'Low risk', icon: 'i-lucide-shield-check', color: 'success' },
  MEDIUM: { word: 'Medium risk', icon: 'i-lucide-shield', color: 'warning' },
  HIGH: { word: 'High risk', icon: 'i-lucide-shield-alert', color: 'error' },
}

/** The rule behind a label, in words. */
export function riskRuleWords(rule: RiskRule): readonly string[] {
  const { low, high, minDays, minTrades, windowDays } = rule
  return [
    `High: a liquidation, a fall of ${high.drawdownPercent} % or more, or leverage of ${high.leverage}× or more.`,
    `Low: a fall below ${low.drawdownPercent} % and leverage below ${low.leverage}×.`,
    'Medium: everything between.',
    `Counted over the last ${windowDays} days; leverage is what 95 of 100 trades stay below. Low and medium need ${minDays} days and ${minTrades} trades.`,
  ]
}

export function leverageWords({ from, to }: BucketView): string {
  if (to === null) return `${from}× and more`
  return from === 0 ? `below ${to}×` : `${from} to ${to}×`
}

const UNITS = [
  { seconds: 86_400, word: 'd' },
  { seconds: 3_600, word: 'h' },
  { seconds: 60, word: 'min' },
] as const

export function holdingWords({ from, to }: BucketView): string {
  if (to === null) return `${spanWords(from)} and more`
  return from === 0 ? `below ${spanWords(to)}` : `${spanWords(from)} to ${spanWords(to)}`
}

function spanWords(seconds: number): string {
  const unit = UNITS.find((one) => seconds >= one.seconds)
  return unit === undefined ? `${seconds} s` : `${seconds / unit.seconds} ${unit.word}`
}

const FAULTS = {
  content: 'is not what was published',
  order: 'does not follow the row before it: a row is missing or was moved',
  missing: 'was published and is gone',
} as const

/** What a check of a record came to. */
export function verdictWords({ fits, rows, firstFault, wrongFigures }: RecordVerdict): string {
  if (firstFault) return `Row ${firstFault.number} ${FAULTS[firstFault.fault]}. Do not rely on this record.`
  const [figure] = wrongFigures
  if (figure) return `The rows fit, but the ${figure.figure} of ${figure.windowDays} days is not what they come to.`
  if (fits && rows === 0) return 'There is nothing to check yet.'
  return `All ${rows} rows fit, and every figure on this page comes out of them.`
}

const textOf = (line: RecordLine, name: string): string | null => {
  const value = line.content[name]
  return typeof value === 'string' ? value : null
}

export interface RecordWords {
  readonly what: string
  readonly says: string
  /** Quote; sealed for everybody but the leader. */
  readonly pnl: string | null
  /** Of the equity then, percent. */
  readonly percent: string | null
  /** When what it tells of happened. */
  readonly at: string
}

/** A row of a record for people. */
export function recordWords(line: RecordLine): RecordWords {
  const kind = line.content['kind']
  const atMs = line.content[kind === 'trade' ? 'closedAtMs' : 'toMs']
  const at = typeof atMs === 'number' ? new Date(atMs).toISOString() : line.writtenAt
  if (kind === 'void')
    return { what: 'Taken back', says: `Trade ${textOf(line, 'tradeId') ?? ''} was part of another`, pnl: null, percent: null, at }
  if (kind === 'trade') {
    const side = line.content['side'] === 'LONG' ? 'long' : 'short'
    const leverage = textOf(line, 'leverage')
    const says = `${shortSymbol(textOf(line, 'symbol') ?? '')} ${side}, ${formatExact(textOf(line, 'entryPrice'))} → ${formatExact(textOf(line, 'exitPrice'))}`
    return {
      what: 'Trade closed',
      says: leverage === null ? says : `${says}, ${formatAmount(leverage, 1)}×`,
      pnl: netOf(line),
      percent: percentOf(textOf(line, 'result')),
      at,
    }
  }
  const [equity, growth] = [textOf(line, 'equity'), textOf(line, 'growth')]
  const says = equity === null ? 'Value of a share' : `Equity ${formatAmount(equity)} USDT`
  const percent = growth === null ? null : percentOf(new Decimal(growth).sub(1).toFixed())
  return { what: 'Worth', says, pnl: textOf(line, 'pnl'), percent, at }
}

const percentOf = (ratio: string | null): string | null => (ratio === null ? null : new Decimal(ratio).mul(100).toFixed())

function netOf(line: RecordLine): string | null {
  const [gross, fees, funding] = [textOf(line, 'grossPnl'), textOf(line, 'fees'), textOf(line, 'funding')]
  return gross === null || fees === null || funding === null ? null : new Decimal(gross).sub(fees).add(funding).toFixed()
}

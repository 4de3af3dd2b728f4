import { Decimal } from 'decimal.js'

type Amount = Decimal | string | null | undefined

/** What is not known is a dash, never a zero. */
export const UNKNOWN = '—'
const MINUS = '−'

/** 1234.5 → 1,234.50. Rounds half to even for display alone. */
export function formatAmount(value: Amount, decimals = 2): string {
  if (value === null || value === undefined) return UNKNOWN
  const amount = new Decimal(value).toDecimalPlaces(decimals, Decimal.ROUND_HALF_EVEN)
  return `${amount.lt(0) ? MINUS : ''}${groupDigits(amount.abs().toFixed(decimals))}`
}

function groupDigits(fixed: string): string {
  const [whole = '0', fraction] = fixed.split('.')
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** With an explicit sign, even where rounding leaves zero; exactly zero has none. */
export function formatSigned(value: Amount, decimals = 2): string {
  if (value === null || value === undefined) return UNKNOWN
  const amount = new Decimal(value)
  if (amount.isZero()) return formatAmount(amount, decimals)
  return `${amount.gt(0) ? '+' : MINUS}${formatAmount(amount.abs(), decimals)}`
}

/** As many decimals as the value itself has. */
export function formatExact(value: Amount): string {
  if (value === null || value === undefined) return UNKNOWN
  const amount = new Decimal(value)
  return formatAmount(amount, amount.decimalPlaces())
}

const SIZE_DECIMALS = 8

/** A size that no market has rounded yet: no more decimals than markets have. */
export function formatSize(value: Amount): string {
  return formatExact(value === null || value === undefined ? value : new Decimal(value).toDecimalPlaces(SIZE_DECIMALS, Decimal.ROUND_DOWN))
}

/** Decimals of a price or size in steps of `step`. */
export function decimalsOf(step: string | undefined, otherwise = 2): number {
  return step === undefined ? otherwise : new Decimal(step).decimalPlaces()
}

export function formatLatency(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** How long something lasted, in its two largest units. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

const timeOfDay = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const dayAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

export function formatTime(iso: string): string {
  return timeOfDay.format(new Date(iso))
}

export function formatDateTime(iso: string): string {
  return dayAndTime.format(new Date(iso))
}

/** BTC/USDT:USDT → BTC/USDT. */
export function shortSymbol(symbol: string): string {
  return symbol.split(':')[0] ?? symbol
}

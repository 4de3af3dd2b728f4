import { Decimal } from 'decimal.js'

const NOTHING = /^(|null|none|undefined|-)$/i
const PLAIN = /^(\d{1,18})(\.\d{1,18})?$/

/**
 * A number as people and scripts write it: 1,234.5 · 1e-3 · "0.01" · +5.
 * @returns plain decimal text, `null` for nothing, `undefined` for what is no number or beyond what is tradable
 */
export function readNumber(text: string | undefined): string | null | undefined {
  if (text === undefined || NOTHING.test(text)) return null
  if (PLAIN.test(text) && (!text.startsWith('0') || text.startsWith('0.') || text === '0')) return text
  const grouped = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text
  if (!/^[+-]?(\d{1,24}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,2})?$/i.test(grouped)) return undefined
  const number = new Decimal(grouped)
  if (!number.isFinite() || number.abs().gte('1e18')) return undefined
  return number.toDecimalPlaces(18).toFixed()
}

const EARLIEST_MS = 946_684_800_000
const LATEST_MS = 4_102_444_800_000

/**
 * Time an alert fired: ISO text, or epoch in seconds or milliseconds.
 * @returns epoch ms between the years 2000 and 2100, or `null` when it says no such time
 */
export function readTime(text: string | undefined): number | null {
  const atMs = text === undefined ? null : epochMs(text)
  return atMs !== null && atMs >= EARLIEST_MS && atMs < LATEST_MS ? atMs : null
}

function epochMs(text: string): number | null {
  if (/^\d{10}(\.\d{1,6})?$/.test(text)) return Math.round(Number(text) * 1_000)
  if (/^\d{13}$/.test(text)) return Number(text)
  const iso = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d{0,9})?)?(Z|[+-]\d{2}:?\d{2})?$/i.exec(text)
  if (iso === null) return null
  const [, year, month, day, hour, minute, second = '0', ms = '0', zone = 'Z'] = iso
  const parts = [Number(month), Number(day), Number(hour), Number(minute), Number(second)] as const
  if (parts[0] < 1 || parts[0] > 12 || parts[1] < 1 || parts[1] > 31 || parts[2] > 23 || parts[3] > 59 || parts[4] > 60) return null
  return (
    utcMs(Number(year), parts[0], parts[1]) +
    parts[2] * 3_600_000 +
    parts[3] * 60_000 +
    parts[4] * 1_000 +
    Number(ms.padEnd(3, '0')) -
    zoneMs(zone)
  )
}

function zoneMs(zone: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)
  if (match === null) return 0
  const ms = Number(match[2]) * 3_600_000 + Number(match[3]) * 60_000
  return match[1] === '-' ? -ms : ms
}

/** Days since 1970 by the calendar alone: no clock, no zone. */
function utcMs(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return (era * 146_097 + dayOfEra - 719_468) * 86_400_000
}

import { Decimal } from 'decimal.js'

export type Row = Readonly<Record<string, unknown>>

/** An answer that lacks what it must have. A missing number is never taken for zero, nor a missing list for an empty one. */
export class Unreadable extends Error {
  constructor(what: string) {
    super(`The exchange's answer cannot be read: ${what}`)
    this.name = 'Unreadable'
  }
}

export function rowOf(value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable('not an object')
  return Object.fromEntries(Object.entries(value))
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Unreadable('not a list')
  return value
}

export const rowsOf = (value: unknown): readonly Row[] => listOf(value).map(rowOf)

export function text(row: Row, name: string): string {
  const value = row[name]
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string' || value === '') throw new Unreadable(`no ${name}`)
  return value
}

export function count(row: Row, name: string): number {
  const value = Number(text(row, name))
  if (!Number.isFinite(value)) throw new Unreadable(`${name} is no number`)
  return value
}

/** Decimal string in plain notation. */
export function decimal(row: Row, name: string): string {
  return plain(row[name], name)
}

export function plain(value: unknown, name: string): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Unreadable(`no ${name}`)
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(String(value))) throw new Unreadable(`${name} is no number`)
  return new Decimal(value).toFixed()
}

/** Binance writes what does not apply as nothing or as zero. */
export function positive(row: Row, name: string): string | null {
  const value = row[name]
  if (value === undefined || value === null || value === '') return null
  const read = plain(value, name)
  return new Decimal(read).gt(0) ? read : null
}

/** Booleans come bare or quoted. */
export const flag = (row: Row, name: string): boolean => String(row[name]) === 'true'

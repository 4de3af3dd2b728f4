import { Decimal } from 'decimal.js'

/** A numeric column as people write it: 10000.5, not 10000.500000000000000000. */
export function plain(numeric: string): string {
  return new Decimal(numeric).toFixed()
}

export function plainOrNull(numeric: string | null): string | null {
  return numeric === null ? null : plain(numeric)
}

export function isoOrNull(at: Date | null): string | null {
  return at === null ? null : at.toISOString()
}

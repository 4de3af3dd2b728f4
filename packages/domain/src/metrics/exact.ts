import { Decimal } from 'decimal.js'

/** Sums of 38-digit columns need more than the usual twenty digits. */
export const Exact = Decimal.clone({ precision: 80 })

export function sum(values: readonly Decimal.Value[]): Decimal {
  return values.reduce<Decimal>((total, value) => total.add(value), new Exact(0))
}

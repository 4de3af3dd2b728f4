import { Decimal } from 'decimal.js'

/** With fewer people than this one of them could be read off the sum. */
const MANY = 5

/**
 * What the accounts that follow are worth together, quote, as strangers may know it: cut to two digits that count, to one where few follow, so that
 * nobody reads a single account off it, nor off its change when one more begins.
 */
export function shownAum({ aum, copiers }: { readonly aum: string; readonly copiers: number }): string {
  return new Decimal(aum).toSignificantDigits(copiers < MANY ? 1 : 2, Decimal.ROUND_DOWN).toFixed()
}

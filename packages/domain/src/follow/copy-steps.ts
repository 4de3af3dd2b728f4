import { Decimal } from 'decimal.js'
import type { Decision } from '../decide/types.ts'

type Rule = 'leader' | 'sizing' | 'capped' | 'shrunk' | 'rounded-up' | 'gathered' | 'step'

/** Base; quote at the price of the decision, null where there was none. */
export interface CopyStep {
  readonly rule: Rule
  readonly quantityBase: string
  readonly notionalQuote: string | null
}

const FITTED: Readonly<Record<string, Rule>> = { CAPPED: 'capped', SHRUNK: 'shrunk', ROUNDED_UP: 'rounded-up', GATHERED: 'gathered' }

/** The size of an opening after each rule, read from the numbers of its decision, in the order in which the rules hold. */
export function copySteps({ numbers }: Pick<Decision, 'numbers'>): CopyStep[] {
  const price = decimal(numbers['price'])
  const fitted = FITTED[String(numbers['fitted'])]
  const step = (rule: Rule, value: unknown): CopyStep[] => {
    const quantity = decimal(value)
    if (quantity === null) return []
    const notionalQuote = price === null ? null : quantity.mul(price).toDecimalPlaces(8).toFixed()
    return [{ rule, quantityBase: quantity.toDecimalPlaces(18).toFixed(), notionalQuote }]
  }
  return [
    ...step('leader', numbers['leaderBase']),
    ...step('sizing', fitted === undefined ? numbers['wantedBase'] : numbers['askedBase']),
    ...step('capped', numbers['cappedBase']),
    ...(fitted === undefined ? [] : step(fitted, numbers['wantedBase'])),
    ...step('step', numbers['quantityBase']),
  ]
}

function decimal(value: unknown): Decimal | null {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? new Decimal(value) : null
}

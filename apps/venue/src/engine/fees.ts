import { fixed } from './fixed.ts'

/** Fractions of notional. */
export const TAKER_FEE = fixed('0.0004')
export const MAKER_FEE = fixed('0.0002')

/** Fraction of notional that a liquidated position pays to the insurance fund, as far as its margin goes. */
export const LIQUIDATION_FEE = fixed('0.005')

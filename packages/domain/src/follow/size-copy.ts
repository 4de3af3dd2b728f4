import { percentToFraction, type FollowSizing, type QuantityUnit, type ReasonCode, type ReasonNumbers } from '@matic/contracts'
import { Decimal } from 'decimal.js'

export interface CopySizeInput {
  readonly sizing: FollowSizing
  /** What the leader opens, base; null where it is not to be known. */
  readonly leaderBase: Decimal | null
  /** Quote; null while the leader's account has not been read. */
  readonly leaderEquity: Decimal | null
  readonly equity: Decimal
  /** Quote per base; null where none is known. */
  readonly price: Decimal | null
}

export type CopySize =
  | { readonly ok: true; readonly quantity: Decimal; readonly unit: QuantityUnit; readonly numbers: ReasonNumbers }
  | { readonly ok: false; readonly reason: ReasonCode; readonly numbers: ReasonNumbers }

/** How much an opening is copied as, before the market and the limits have had their say. */
export function copySize({ sizing, leaderBase, leaderEquity, equity, price }: CopySizeInput): CopySize {
  const own = (quantity: Decimal | string, unit: QuantityUnit): CopySize => ({
    ok: true,
    quantity: new Decimal(quantity),
    unit,
    numbers: { copySizing: sizing.mode },
  })
  switch (sizing.mode) {
    case 'fixed-quantity':
      return own(sizing.quantityBase, 'base')
    case 'fixed-quote':
      return own(sizing.notionalQuote, 'quote')
    case 'fixed-margin':
      return own(sizing.marginQuote, 'margin')
    case 'percent-of-equity':
      return own(sizing.percent, 'percent-of-equity')
    case 'risk-from-stop':
      return own(Decimal.max(0, equity).mul(percentToFraction(sizing.percent)), 'risk')
    default:
      return ofLeader(sizing, { leaderBase, leaderEquity, equity, price })
  }
}

/** Modes that go by the size of the leader's order. */
function ofLeader(
  sizing: Extract<FollowSizing, { mode: 'ratio' | 'equity-to-equity' | 'tiered' }>,
  { leaderBase, leaderEquity, equity, price }: Omit<CopySizeInput, 'sizing'>,
): CopySize {
  if (leaderBase === null || leaderBase.lte(0)) return unknown('LEADER_SIZE_UNKNOWN')
  const times = (ratio: Decimal, more: ReasonNumbers = {}): CopySize => ({
    ok: true,
    quantity: leaderBase.mul(ratio),
    unit: 'base',
    numbers: { copySizing: sizing.mode, leaderBase: leaderBase.toFixed(), ratio: ratio.toDecimalPlaces(8).toFixed(), ...more },
  })
  if (sizing.mode === 'ratio') return times(new Decimal(sizing.ratio))
  if (sizing.mode === 'equity-to-equity') {
    if (leaderEquity === null || leaderEquity.lte(0)) return unknown('LEADER_EQUITY_UNKNOWN')
    const ratio = Decimal.max(0, equity).div(leaderEquity).mul(sizing.multiplier)
    return times(ratio, { leaderEquityQuote: leaderEquity.toDecimalPlaces(2).toFixed() })
  }
  if (price === null) return unknown('LEADER_SIZE_UNKNOWN')
  const leaderQuote = leaderBase.mul(price)
  const tier = sizing.tiers.find(({ upToQuote }) => upToQuote === null || leaderQuote.lte(upToQuote))
  return tier === undefined ? unknown('LEADER_SIZE_UNKNOWN') : times(new Decimal(tier.ratio))

  function unknown(reason: ReasonCode): CopySize {
    return { ok: false, reason, numbers: { copySizing: sizing.mode } }
  }
}

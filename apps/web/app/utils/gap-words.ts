import type { GapTrade } from '@matic/contracts'

/** The parts that sum to a copy gap, in the order in which they are told. */
export const GAP_PARTS = [
  { name: 'slippage', label: 'Slippage', short: 'Slippage', hint: 'Your fills against the leader’s.' },
  { name: 'fees', label: 'Fees of the exchange', short: 'Fees', hint: 'Beyond what the leader paid.' },
  { name: 'funding', label: 'Funding', short: 'Funding', hint: 'Beyond what the leader paid or got.' },
  { name: 'skipped', label: 'Not copied', short: 'Skipped', hint: 'Openings and exits that were not copied.' },
  { name: 'sizing', label: 'Size and rounding', short: 'Sizing', hint: 'Steps, minimums, limits and balance.' },
  { name: 'own', label: 'Otherwise than the leader', short: 'Own', hint: 'Your own stops, closes and orders.' },
] as const

export const OWN_CAUSE_WORDS: Record<GapTrade['own'][number]['cause'], string> = {
  stop: 'Closed by its stop',
  target: 'Closed by its target',
  emergency: 'Closed because no stop could be placed',
  liquidation: 'Liquidated',
  'follow-ended': 'Closed as the copy ended',
  repair: 'Brought back to the leader',
  'by-hand': 'By your own hand here',
  'at-exchange': 'At the exchange itself',
  'other-signal': 'By another source',
}

import type { PositionDirection } from '@matic/contracts'
import type { Decimal } from 'decimal.js'

/** What one signal, or one cause, changed of a position. Base; quote is what was paid or got for it; fee quote, positive is paid. */
export interface Step {
  readonly change: 'in' | 'out'
  readonly quantityBase: Decimal
  readonly quote: Decimal
  readonly fee: Decimal
  readonly atMs: number
}

export interface LeaderStep extends Step {
  readonly id: string
}

/** Why a copy moved otherwise than its leader did. */
export const OWN_CAUSES = [
  'stop',
  'target',
  'emergency',
  'liquidation',
  'follow-ended',
  'repair',
  'by-hand',
  'at-exchange',
  'other-signal',
] as const
export type OwnCause = (typeof OWN_CAUSES)[number]

export interface CopiedStep extends Step {
  /** The leader's step of the same kind that it copies; null where it copies none. */
  readonly of: string | null
  readonly cause: OwnCause
}

/** A ratio that need not be a decimal number: 1 to 3 is exactly that. */
export interface Ratio {
  readonly numerator: Decimal
  readonly denominator: Decimal
}

export interface GapInput {
  /** Flat to flat, in the order of time. */
  readonly leader: {
    readonly steps: readonly LeaderStep[]
    /** Quote, as booked. */
    readonly funding: readonly { readonly atMs: number; readonly amount: Decimal }[]
  }
  /** The side that the copy has. */
  readonly side: PositionDirection
  /** The copy takes the other side. */
  readonly reverse: boolean
  /** What the follower's settings make of one base of the leader's, before the market and any limit have had their say. */
  readonly ratio: Ratio
  /** Flat to flat; without steps nothing was copied. Fees and funding as its trades have them, quote. */
  readonly copy: { readonly steps: readonly CopiedStep[]; readonly fees: Decimal; readonly funding: Decimal }
}

/** Quote; what the leader has more than the follower, so that above zero is a cost of the follower's. */
export interface GapParts<Amount = Decimal> {
  readonly slippage: Amount
  readonly fees: Amount
  readonly funding: Amount
  readonly skipped: Amount
  readonly sizing: Amount
  readonly own: Amount
}

export interface Gap {
  /** The leader's net result as the follower's settings would have it. */
  readonly leaderQuote: Decimal
  readonly followerQuote: Decimal
  readonly parts: GapParts
  /** Slippage of openings and of closes. */
  readonly slippageEntry: Decimal
  readonly slippageExit: Decimal
  /** By the leader's step that was not copied. */
  readonly skippedBy: readonly { readonly stepId: string; readonly quote: Decimal }[]
  readonly ownBy: readonly { readonly cause: OwnCause; readonly atMs: number; readonly quantityBase: Decimal; readonly quote: Decimal }[]
}

import type { KeyStatus, OrderState, ReasonNumbers, Rules } from '@matic/contracts'
import type { AccountResult } from '@matic/domain'
import type { MarketInfo } from '@matic/exchange/port'
import type { Timings } from '@matic/platform'
import type { AttemptRow, OrderRow, PositionRow } from './rows.ts'

export interface LaneOrder extends OrderRow {
  /** State of the order it has to wait for. */
  dependsOnState: OrderState | null
  /** A close of the same symbol came in later than this open's signal. */
  overtaken: boolean
  /** Why no open like it is sent any more: too many were refused. */
  stopped: { readonly reason: 'CANARY_HALTED' | 'BREAKER_OPEN'; readonly numbers: ReasonNumbers } | null
}

/** All that the next step of one account depends on, read in one transaction. Times are database ms. */
export interface LaneView {
  readonly nowMs: number
  readonly account: {
    readonly id: string
    readonly userId: string
    readonly exchange: string
    readonly isActive: boolean
    readonly keyStatus: KeyStatus
    /** The venue's conformance suite passes. */
    readonly certified: boolean
    /** When balance and positions were last read; null is never. */
    readonly syncedAtMs: number | null
    /** As it was read then, quote. */
    readonly walletBalance: string | null
  }
  readonly entitled: boolean
  readonly killSwitch: boolean
  /** The rules that hold for the account, and what trading has made of it. */
  readonly rules: Rules
  readonly result: AccountResult | null
  /** Orders that are not over. */
  readonly orders: readonly LaneOrder[]
  readonly attempts: readonly AttemptRow[]
  /** Where routes share symbols: their shares. */
  readonly positions: readonly PositionRow[]
  /** Set where `positions` are shares: the positions themselves. */
  readonly wholes?: readonly PositionRow[]
  /** Of those shares: whose stop or target has triggered and is not booked yet, by id. */
  readonly triggered?: ReadonlySet<string>
  readonly markets: ReadonlyMap<string, MarketInfo>
  readonly opensPausedUntilMs: number
  /** The exchange's clock is known well enough to sign an open. */
  readonly clockUsable: boolean
  /** Accounts not read since this are read before they open anything. */
  readonly trustReadingsSinceMs: number
  readonly timings: Timings
}

import type { PositionDirection, Side } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** One-way position: base quantity never negative; entryPrice quote per base, null when flat. */
export interface NetPosition {
  readonly side: PositionDirection
  readonly quantityBase: Decimal
  readonly entryPrice: Decimal | null
}

export interface FillAmount {
  readonly side: Side
  readonly quantityBase: Decimal
  /** Quote per base. */
  readonly price: Decimal
}

export interface FillEffect {
  readonly position: NetPosition
  /** It was flat or on the other side before: a new life of the position begins. */
  readonly opened: boolean
  /** It is flat after. */
  readonly closed: boolean
}

/** What a fill makes of a position: adds average the entry, reductions keep it, a fill beyond flat turns the side. */
export function applyFill(position: NetPosition, fill: FillAmount): FillEffect {
  const before = signed(position)
  const change = fill.side === 'buy' ? fill.quantityBase : fill.quantityBase.neg()
  const after = before.add(change)

  if (after.isZero()) {
    return { position: { side: position.side, quantityBase: new Decimal(0), entryPrice: null }, opened: false, closed: true }
  }
  const side: PositionDirection = after.gt(0) ? 'LONG' : 'SHORT'
  const opened = before.isZero() || before.isNegative() !== after.isNegative()
  const entryPrice = opened ? fill.price : entryAfter(position, fill, { before, change, after })
  return { position: { side, quantityBase: after.abs(), entryPrice }, opened, closed: false }
}

function entryAfter(
  position: NetPosition,
  fill: FillAmount,
  { before, change, after }: { before: Decimal; change: Decimal; after: Decimal },
): Decimal | null {
  const grows = before.isNegative() === change.isNegative()
  if (!grows || position.entryPrice === null) return position.entryPrice
  return before.abs().mul(position.entryPrice).add(change.abs().mul(fill.price)).div(after.abs())
}

function signed(position: NetPosition): Decimal {
  return position.side === 'LONG' ? position.quantityBase : position.quantityBase.neg()
}

import type { Alert, IntentKind, PositionDirection, ReasonCode } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** What we hold, or are about to hold. Base quantity, never negative; 0 is flat. */
export interface HeldPosition {
  readonly side: PositionDirection
  readonly quantityBase: Decimal
}

/**
 * What the position should become. `targetBase`: the absolute size the sender has afterwards. `quantityBase`: what is to be opened, added
 * or taken off, in the alert's own unit where that is not base; null where the alert leaves it to the settings. `reduceFraction`: share of what we hold that goes (0.25 is a quarter).
 */
export interface Intent {
  readonly kind: IntentKind
  readonly direction: PositionDirection | null
  readonly targetBase: Decimal | null
  readonly quantityBase: Decimal | null
  readonly reduceFraction: Decimal | null
  readonly reason: ReasonCode | null
}

interface Options {
  /** Our sizes follow the sender's, so that one can be subtracted from the other. Not so when the settings size each order. */
  readonly sizesCompare?: boolean
}

/**
 * Reads an alert as a target for the position, not as a blind side. `flat` closes and can never open. An alert that names no position is an
 * order of its own: buy opens or adds to a long, and turns a short around.
 */
export function deriveIntent(alert: Alert, held: HeldPosition | null, { sizesCompare = true }: Options = {}): Intent {
  const position = held !== null && held.quantityBase.gt(0) ? held : null
  const part = partOfPosition(alert)
  if (alert.action === 'cancel') return intent('cancel')
  if (alert.action === 'close-all') return intent('close-all')
  if (alert.action === 'protect') return intent('none', { reason: 'ALREADY_AT_TARGET' })
  if (part !== null && isCloseOf(alert, position)) return intent('reduce', { direction: position?.side ?? null, reduceFraction: part })
  if (alert.marketPosition === 'flat' || alert.action === 'close') return intent('close', { direction: position?.side ?? null })
  if (alert.action === 'close-long') return closeOnly('LONG', position)
  if (alert.action === 'close-short') return closeOnly('SHORT', position)

  const wanted = directionOf(alert.marketPosition) ?? (alert.action === null ? null : alert.action === 'buy' ? 'LONG' : 'SHORT')
  if (wanted === null) return intent('none', { reason: 'ALREADY_AT_TARGET' })
  if (reduces(alert, wanted)) return reduceIntent({ alert, side: wanted, position, sizesCompare })

  // A quantity in another unit than the sender's sizes says more than those do.
  const inBase = alert.quantity === null || alert.quantityUnit === 'base'
  const targetBase = alert.marketPosition === null || !inBase ? null : decimal(alert.marketPositionSize)
  if (position?.side !== wanted) {
    const quantityBase = targetBase ?? openingQuantity({ alert, wanted, position, sizesCompare })
    return intent(position === null ? 'open' : 'reverse', { direction: wanted, targetBase, quantityBase })
  }
  return growIntent({ alert, wanted, position, targetBase: sizesCompare ? targetBase : null })
}

/** The share that goes where an alert takes off some percent of the position; null where it takes all, or does not say it so. */
function partOfPosition({ quantity, quantityUnit }: Alert): Decimal | null {
  if (quantityUnit !== 'percent-of-position' || quantity === null) return null
  const fraction = new Decimal(quantity).div(100)
  return fraction.gt(0) && fraction.lt(1) ? fraction.toDecimalPlaces(18, Decimal.ROUND_DOWN) : null
}

/** A close, not a target of flat, that means what is held. */
function isCloseOf({ action, marketPosition }: Alert, position: HeldPosition | null): boolean {
  if (position === null || marketPosition === 'flat') return false
  return action === 'close' || action === (position.side === 'LONG' ? 'close-long' : 'close-short')
}

function closeOnly(side: PositionDirection, position: HeldPosition | null): Intent {
  return position?.side === side ? intent('close', { direction: side }) : intent('none', { direction: side, reason: 'NOTHING_TO_CLOSE' })
}

/** The order goes against the position it leaves, or the position it leaves is smaller than before. */
function reduces(alert: Alert, wanted: PositionDirection): boolean {
  if (alert.marketPosition === null) return false
  if (alert.action !== null && (alert.action === 'buy') !== (wanted === 'LONG')) return true
  const after = decimal(alert.marketPositionSize)
  const before = decimal(alert.previousMarketPositionSize)
  return directionOf(alert.previousMarketPosition) === wanted && after !== null && before !== null && after.lt(before)
}

interface Reduction {
  readonly alert: Alert
  readonly side: PositionDirection
  readonly position: HeldPosition | null
  readonly sizesCompare: boolean
}

/** The share the sender took of theirs, where both sizes are known; else the quantity. */
function reduceIntent({ alert, side, position, sizesCompare }: Reduction): Intent {
  if (position?.side !== side) return intent('none', { direction: side, reason: 'NOTHING_TO_REDUCE' })
  const part = partOfPosition(alert)
  if (part !== null) return intent('reduce', { direction: side, reduceFraction: part })
  if (alert.quantityUnit === 'percent-of-position' && alert.quantity !== null) return intent('close', { direction: side })
  const after = decimal(alert.marketPositionSize)
  const before = decimal(alert.previousMarketPositionSize)
  if (after?.isZero()) return intent('close', { direction: side })
  if (after !== null && before?.gt(0)) {
    if (after.gte(before)) return intent('none', { direction: side, targetBase: after, reason: 'ALREADY_AT_TARGET' })
    return intent('reduce', {
      direction: side,
      reduceFraction: new Decimal(1).sub(after.div(before)).toDecimalPlaces(18, Decimal.ROUND_DOWN),
    })
  }
  if (after !== null && sizesCompare) {
    const excess = position.quantityBase.sub(after)
    if (excess.lte(0)) return intent('none', { direction: side, targetBase: after, reason: 'ALREADY_AT_TARGET' })
    return intent('reduce', { direction: side, targetBase: after, quantityBase: excess })
  }
  return intent('reduce', { direction: side, quantityBase: decimal(alert.quantity) })
}

interface Growth {
  readonly alert: Alert
  readonly wanted: PositionDirection
  readonly position: HeldPosition
  readonly targetBase: Decimal | null
}

/** With a target only what is missing is added. An alert that opens or turns around asks for no more of what is there already. */
function growIntent({ alert, wanted, position, targetBase }: Growth): Intent {
  const missing = targetBase?.sub(position.quantityBase) ?? null
  const wasElsewhere = alert.previousMarketPosition !== null && directionOf(alert.previousMarketPosition) !== wanted
  if (missing?.lte(0) || (missing === null && wasElsewhere))
    return intent('none', { direction: wanted, targetBase, reason: 'ALREADY_AT_TARGET' })
  return intent('add', { direction: wanted, targetBase, quantityBase: missing ?? decimal(alert.quantity) })
}

interface Opening {
  readonly alert: Alert
  readonly wanted: PositionDirection
  readonly position: HeldPosition | null
  readonly sizesCompare: boolean
}

/** On a strategy's reversal the order is old size plus new size: only the new size opens. */
function openingQuantity({ alert, wanted, position, sizesCompare }: Opening): Decimal | null {
  const quantity = decimal(alert.quantity)
  if (quantity === null || alert.marketPosition === null || alert.quantityUnit !== 'base') return quantity
  const previous = directionOf(alert.previousMarketPosition)
  if (alert.previousMarketPosition !== null && (previous === null || previous === wanted)) return quantity
  const old = decimal(alert.previousMarketPositionSize) ?? (sizesCompare ? position?.quantityBase : undefined)
  return old !== undefined && quantity.gt(old) ? quantity.sub(old) : quantity
}

function directionOf(position: Alert['marketPosition']): PositionDirection | null {
  if (position === 'long') return 'LONG'
  return position === 'short' ? 'SHORT' : null
}

function decimal(text: string | null): Decimal | null {
  return text === null ? null : new Decimal(text)
}

function intent(kind: IntentKind, more: Partial<Omit<Intent, 'kind'>> = {}): Intent {
  return { kind, direction: null, targetBase: null, quantityBase: null, reduceFraction: null, reason: null, ...more }
}

import type { Alert, IntentKind, PositionDirection, ReasonCode } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** What we hold, or are about to hold. Base quantity, never negative; 0 is flat. */
export interface HeldPosition {
  readonly side: PositionDirection
  readonly quantityBase: Decimal
}

/**
 * What the position should become. `targetBase`: the absolute size the sender has afterwards. `quantityBase`: the size of the sender's
 * order. `reduceFraction`: share of what we hold that goes (0.25 is a quarter).
 */
export interface Intent {
  readonly kind: IntentKind
  readonly direction: PositionDirection | null
  readonly targetBase: Decimal | null
  readonly quantityBase: Decimal | null
  readonly reduceFraction: Decimal | null
  readonly reason: ReasonCode | null
}

/** Reads an alert as a target for the position, not as a blind side. `flat` closes and can never open. */
export function deriveIntent(alert: Alert, held: HeldPosition | null): Intent {
  const position = held !== null && held.quantityBase.gt(0) ? held : null
  if (alert.action === 'cancel') return intent('cancel')
  if (alert.action === 'close-all') return intent('close-all')
  if (alert.marketPosition === 'flat' || alert.action === 'close') return intent('close', { direction: position?.side ?? null })
  if (alert.action === 'close-long') return closeOnly('LONG', position)
  if (alert.action === 'close-short') return closeOnly('SHORT', position)

  const wanted = wantedDirection(alert)
  if (wanted === null) return intent('none', { reason: 'ALREADY_AT_TARGET' })
  const quantityBase = alert.quantity === null ? null : new Decimal(alert.quantity)
  const targetBase = alert.marketPositionSize === null || alert.marketPosition === null ? null : new Decimal(alert.marketPositionSize)
  const reduces = alert.marketPosition !== null && alert.action !== null && (alert.action === 'buy') !== (wanted === 'LONG')

  if (reduces) return reduceIntent(alert, wanted, position, quantityBase)
  if (position === null) return intent('open', { direction: wanted, targetBase, quantityBase: openingQuantity(alert, quantityBase) })
  if (position.side !== wanted) return intent('reverse', { direction: wanted, targetBase, quantityBase: openingQuantity(alert, quantityBase) })
  if (targetBase !== null && targetBase.lte(position.quantityBase)) return intent('none', { direction: wanted, targetBase, reason: 'ALREADY_AT_TARGET' })
  return intent('add', { direction: wanted, targetBase, quantityBase })
}

function wantedDirection(alert: Alert): PositionDirection | null {
  if (alert.marketPosition === 'long') return 'LONG'
  if (alert.marketPosition === 'short') return 'SHORT'
  if (alert.action === 'buy') return 'LONG'
  return alert.action === 'sell' ? 'SHORT' : null
}

function closeOnly(side: PositionDirection, position: HeldPosition | null): Intent {
  return position?.side === side ? intent('close', { direction: side }) : intent('none', { direction: side, reason: 'NOTHING_TO_CLOSE' })
}

function reduceIntent(alert: Alert, side: PositionDirection, position: HeldPosition | null, quantityBase: Decimal | null): Intent {
  if (position?.side !== side) return intent('none', { direction: side, reason: 'NOTHING_TO_REDUCE' })
  const after = alert.marketPositionSize === null ? null : new Decimal(alert.marketPositionSize)
  const before = alert.previousMarketPositionSize === null ? null : new Decimal(alert.previousMarketPositionSize)
  if (after !== null && before !== null && before.gt(0) && after.lte(before)) {
    const reduceFraction = new Decimal(1).sub(after.div(before)).toDecimalPlaces(18)
    return reduceFraction.gte(1) ? intent('close', { direction: side }) : intent('reduce', { direction: side, reduceFraction })
  }
  return intent('reduce', { direction: side, quantityBase })
}

/** On a reversal the sender's order is old size plus new size: only the new size opens. */
function openingQuantity(alert: Alert, quantityBase: Decimal | null): Decimal | null {
  const turned = (alert.previousMarketPosition === 'long' && alert.marketPosition === 'short') || (alert.previousMarketPosition === 'short' && alert.marketPosition === 'long')
  if (quantityBase === null || !turned || alert.previousMarketPositionSize === null) return quantityBase
  const opening = quantityBase.sub(alert.previousMarketPositionSize)
  return opening.gt(0) ? opening : quantityBase
}

function intent(kind: IntentKind, more: Partial<Omit<Intent, 'kind'>> = {}): Intent {
  return { kind, direction: null, targetBase: null, quantityBase: null, reduceFraction: null, reason: null, ...more }
}

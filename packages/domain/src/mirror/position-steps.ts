import { BLANK_ALERT, type Alert, type PositionDirection, type TrailingStop } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** What is held of one side of a market, base; 0 is flat. `epoch` rises with each life that began flat or on the other side. */
export interface MirroredPosition {
  readonly side: PositionDirection
  readonly quantityBase: Decimal
  readonly epoch: number
}

/** One change that followers are told of. Sizes base, before and after; null is flat. */
export interface PositionStep {
  readonly kind: 'open' | 'add' | 'reduce' | 'close' | 'reverse'
  readonly from: Pick<MirroredPosition, 'side' | 'quantityBase'> | null
  readonly to: Pick<MirroredPosition, 'side' | 'quantityBase'> | null
}

/**
 * What lies between two sights of a position: nothing, one change, or a close and an opening where it ended and began again on the same side
 * unseen. Many fills between the two are one change. Pure.
 * @param traded something was executed in between: without it, a life that seems to have ended was only not listed
 */
export function positionSteps(before: MirroredPosition, now: MirroredPosition, traded: boolean): PositionStep[] {
  const from = before.quantityBase.gt(0) ? before : null
  const to = now.quantityBase.gt(0) ? now : null
  if (from === null) return to === null ? [] : [{ kind: 'open', from, to }]
  if (to === null) return [{ kind: 'close', from, to }]
  if (from.side !== to.side) return [{ kind: 'reverse', from, to }]
  if (traded && before.epoch !== now.epoch)
    return [
      { kind: 'close', from, to: null },
      { kind: 'open', from: null, to },
    ]
  if (to.quantityBase.eq(from.quantityBase)) return []
  return [{ kind: to.quantityBase.gt(from.quantityBase) ? 'add' : 'reduce', from, to }]
}

export interface SeenChange {
  readonly symbol: string
  /** LONG and SHORT where both stand beside each other. */
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  /** What the leader paid or got, quote per base; null where it is not known. */
  readonly price: string | null
  readonly leverage: number | null
  /** Of a change that was seen, never later; epoch ms. */
  readonly filledAtMs: number
  readonly stopPrice: string | null
  readonly targetPrice: string | null
  readonly trailing: TrailingStop | null
  readonly idempotencyKey: string
}

/** The change as an alert says it: which position there was, and which there is. */
export function stepAlert({ from, to, kind }: PositionStep, seen: SeenChange): Alert {
  const alert: Alert = {
    ...BLANK_ALERT,
    dialect: 'account',
    hedged: seen.positionSide !== 'BOTH',
    ticker: seen.symbol,
    signalPrice: seen.price,
    leverage: seen.leverage === null ? null : String(seen.leverage),
    idempotencyKey: seen.idempotencyKey,
    alertAtMs: seen.filledAtMs,
  }
  if (to === null) {
    const hedged = { LONG: 'close-long', SHORT: 'close-short', BOTH: 'close' } as const
    return { ...alert, action: hedged[seen.positionSide], marketPosition: seen.positionSide === 'BOTH' ? 'flat' : null }
  }
  const grows = kind !== 'reduce'
  const opens = kind === 'open' || kind === 'reverse'
  const before = from?.quantityBase ?? new Decimal(0)
  const change = kind === 'reverse' ? before.add(to.quantityBase) : to.quantityBase.sub(before).abs()
  return {
    ...alert,
    action: (to.side === 'LONG') === grows ? 'buy' : 'sell',
    quantity: change.toFixed(),
    marketPosition: positionOf(to),
    marketPositionSize: to.quantityBase.toFixed(),
    previousMarketPosition: from === null ? 'flat' : positionOf(from),
    previousMarketPositionSize: before.toFixed(),
    stopLoss: opens ? seen.stopPrice : null,
    takeProfit: opens ? seen.targetPrice : null,
    trailing: opens ? seen.trailing : null,
  }
}

function positionOf({ side }: { readonly side: PositionDirection }): 'long' | 'short' {
  return side === 'LONG' ? 'long' : 'short'
}

import { PRIORITY } from '@matic/contracts'
import type { IntentKind, ReasonCode } from '@matic/contracts'
import type { Decision, DecisionPosition, PlannedOrder } from './types.ts'

/** Takes off whatever is there when it is sent; the side is settled then. */
export function closeOrder(cause: string, symbol: string, position: DecisionPosition | undefined): PlannedOrder {
  return {
    cause,
    leg: 'close',
    symbol,
    side: position?.side === 'SHORT' ? 'buy' : 'sell',
    positionSide: position?.positionSide ?? 'BOTH',
    type: 'market',
    quantityBase: null,
    reduceFraction: null,
    price: null,
    reduceOnly: true,
    leverage: null,
    marginMode: null,
    stopPrice: null,
    targetPrice: null,
    stopFraction: null,
    targetFraction: null,
    priority: PRIORITY.close,
    afterClose: false,
    expiresAtMs: null,
  }
}

export function refuse(
  outcome: 'SKIPPED' | 'BLOCKED',
  intent: IntentKind,
  reason: ReasonCode,
  symbol: string | null,
  numbers: Decision['numbers'],
): Decision {
  return { outcome, intent, reason, numbers, symbol, orders: [], cancelSymbols: [] }
}

import type { Alert, PositionDirection } from '@matic/contracts'

const OTHER_ACTION = {
  buy: 'sell',
  sell: 'buy',
  'close-long': 'close-short',
  'close-short': 'close-long',
  close: 'close',
  'close-all': 'close-all',
  cancel: 'cancel',
  protect: 'protect',
} as const satisfies Record<NonNullable<Alert['action']>, Alert['action']>

const OTHER_POSITION = { long: 'short', short: 'long', flat: 'flat' } as const

/**
 * The alert as seen in a mirror: sides change, and the stop becomes the target. Several targets cannot be several stops, nor can what trails the
 * price wait for it, so they go.
 */
export function mirrored(alert: Alert): Alert {
  const other = (position: Alert['marketPosition']) => position && OTHER_POSITION[position]
  return {
    ...alert,
    action: alert.action && OTHER_ACTION[alert.action],
    marketPosition: other(alert.marketPosition),
    previousMarketPosition: other(alert.previousMarketPosition),
    stopLoss: alert.takeProfit,
    takeProfit: alert.stopLoss,
    stopLossPercent: alert.takeProfitPercent,
    takeProfitPercent: alert.stopLossPercent,
    targets: [],
    trailing: null,
  }
}

/** The sender's positions and sizes are the leader's: what remains is an order of its own, in the follower's terms. */
export function bareOrder(alert: Alert, order: Pick<Alert, 'action' | 'quantity' | 'quantityUnit'>): Alert {
  return {
    ...alert,
    ...order,
    accountId: null,
    marketPosition: null,
    previousMarketPosition: null,
    marketPositionSize: null,
    previousMarketPositionSize: null,
  }
}

export function closeOf(alert: Alert, side: PositionDirection | null): Alert {
  const action = side === null ? 'close' : side === 'LONG' ? 'close-long' : 'close-short'
  return bareOrder(alert, { action, quantity: null, quantityUnit: 'base' })
}

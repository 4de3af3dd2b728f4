import type { Alert } from '@matic/contracts'

type Spoken = Pick<Alert, 'ticker' | 'action' | 'idempotencyKey'> & Partial<Omit<Alert, 'dialect' | 'alertAtMs'>>

/** What a person at the dashboard asks for, in the form that alerts have. Quantities base, prices quote per base. */
export function manualAlert({ atMs, ...spoken }: Spoken & { readonly atMs: number }): Alert {
  return {
    dialect: 'manual',
    tickerExchange: null,
    marketPosition: null,
    previousMarketPosition: null,
    marketPositionSize: null,
    previousMarketPositionSize: null,
    quantity: null,
    orderType: 'market',
    price: null,
    signalPrice: null,
    leverage: null,
    stopLoss: null,
    takeProfit: null,
    comment: null,
    alertAtMs: atMs,
    ...spoken,
  }
}

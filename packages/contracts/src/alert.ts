import { z } from 'zod'
import { DecimalString } from './units.ts'

const MarketPosition = z.enum(['long', 'short', 'flat'])

/**
 * An alert as we understood it, whatever dialect it came in. Quantities are base units, prices quote per base.
 * `action` is what the sender literally said; intent is derived later from it together with the positions.
 */
export const Alert = z.object({
  dialect: z.string(),
  ticker: z.string(),
  /** Prefix such as BINANCE, where the ticker carried one. */
  tickerExchange: z.string().nullable(),
  action: z.enum(['buy', 'sell', 'close', 'close-long', 'close-short', 'close-all', 'cancel']).nullable(),
  /** The position the sender has after the alert. `flat` closes and never opens. */
  marketPosition: MarketPosition.nullable(),
  previousMarketPosition: MarketPosition.nullable(),
  /** Absolute sizes after and before, base. */
  marketPositionSize: DecimalString.nullable(),
  previousMarketPositionSize: DecimalString.nullable(),
  quantity: DecimalString.nullable(),
  orderType: z.enum(['market', 'limit']),
  /** Limit price. */
  price: DecimalString.nullable(),
  /** The sender's price at the time of the alert, for slippage. */
  signalPrice: DecimalString.nullable(),
  leverage: DecimalString.nullable(),
  stopLoss: DecimalString.nullable(),
  takeProfit: DecimalString.nullable(),
  idempotencyKey: z.string().nullable(),
  /** When the alert fired (timenow-like fields only), epoch ms. */
  alertAtMs: z.number().int().nullable(),
  /** Order id or comment, for people. */
  comment: z.string().nullable(),
})
export type Alert = z.infer<typeof Alert>

export const INTENT_KINDS = ['open', 'add', 'reduce', 'close', 'reverse', 'close-all', 'cancel', 'none'] as const
export type IntentKind = (typeof INTENT_KINDS)[number]

import { z } from 'zod'
import { TargetRule } from './rules.ts'
import { DecimalString } from './units.ts'

const MarketPosition = z.enum(['long', 'short', 'flat'])

/**
 * What a quantity counts. base: coins. contracts: the exchange's contracts. quote: notional. margin: quote put up, leverage comes on top.
 * percent-of-equity: margin as percent of equity. percent-of-position: of what is held. risk: quote that the stop may cost.
 */
export const QuantityUnit = z.enum(['base', 'contracts', 'quote', 'margin', 'percent-of-equity', 'percent-of-position', 'risk'])
export type QuantityUnit = z.infer<typeof QuantityUnit>

/** A leader's stop or target that is not copied. */
export const LeftLeg = z.enum(['trailing', 'partial'])
export type LeftLeg = z.infer<typeof LeftLeg>

/** Quote per base; null: there is none any more. */
const MovedLeg = z.object({ price: DecimalString.nullable() })

/** `percent`: how far it lets the price come back; `activationPrice`: where it begins, quote per base, null at once. */
const TrailingStop = z.object({ percent: DecimalString, activationPrice: DecimalString.nullable() })
export type TrailingStop = z.infer<typeof TrailingStop>

/**
 * An alert as we understood it, whatever dialect it came in. Sizes are base units, prices quote per base; `quantity` counts what
 * `quantityUnit` says.
 * `action` is what the sender literally said; intent is derived later from it together with the positions.
 */
export const Alert = z.object({
  dialect: z.string(),
  ticker: z.string(),
  /** Prefix such as BINANCE, where the ticker carried one. */
  tickerExchange: z.string().nullable(),
  action: z.enum(['buy', 'sell', 'close', 'close-long', 'close-short', 'close-all', 'cancel', 'protect']).nullable(),
  /** The position the sender has after the alert. `flat` closes and never opens. */
  marketPosition: MarketPosition.nullable(),
  previousMarketPosition: MarketPosition.nullable(),
  /** Absolute sizes after and before, base. */
  marketPositionSize: DecimalString.nullable(),
  previousMarketPositionSize: DecimalString.nullable(),
  quantity: DecimalString.nullable(),
  quantityUnit: QuantityUnit.default('base'),
  orderType: z.enum(['market', 'limit']),
  /** Limit price. */
  price: DecimalString.nullable(),
  /** The sender's price at the time of the alert, for slippage. */
  signalPrice: DecimalString.nullable(),
  leverage: DecimalString.nullable(),
  stopLoss: DecimalString.nullable(),
  takeProfit: DecimalString.nullable(),
  /** Percent of the entry price. */
  stopLossPercent: DecimalString.nullable().default(null),
  takeProfitPercent: DecimalString.nullable().default(null),
  /** Long and short stand side by side at the sender's: this is about the one it names, and says nothing of the other. Never out of a body. */
  hedged: z.boolean().default(false),
  /** With `protect`: stop and target of a position that stands, as its owner moved them; null for a leg that stays. Never out of a body. */
  protection: z
    .object({
      stop: MovedLeg.nullable(),
      target: MovedLeg.nullable(),
      /** Left out: it stays. */
      trailing: z.object({ to: TrailingStop.nullable() }).optional(),
      left: z.array(LeftLeg).optional(),
    })
    .nullable()
    .default(null),
  /** The trailing stop of what is opened, as a leader has it; null where the rules say. Never out of a body. */
  trailing: TrailingStop.nullable().default(null),
  /** Of one follow: its quantity is the follower's own, base, and makes up for an opening that was missed. Never out of a body. */
  topUp: z.boolean().default(false),
  /** By hand, on an account whose sources share a market: the route whose share it is about; null for the hand's own, or for all. Never out of a body. */
  shareRouteId: z.string().nullable().default(null),
  /** Several targets instead of the one, nearest first; empty for none. */
  targets: z.array(TargetRule).default([]),
  /** The sender's own limit for the age of an open; the narrower of this and the rules holds. */
  maxAgeSeconds: z.number().int().positive().nullable().default(null),
  /** The one account it is for; null for every account of its source. */
  accountId: z.string().nullable().default(null),
  /** The stored signal that this one repeats; never out of a body. */
  originId: z.string().nullable().default(null),
  idempotencyKey: z.string().nullable(),
  /** When the alert fired (timenow-like fields only), epoch ms. */
  alertAtMs: z.number().int().nullable(),
  /** Order id or comment, for people. */
  comment: z.string().nullable(),
})
export type Alert = z.infer<typeof Alert>

/** Says nothing at all: what others start from. */
export const BLANK_ALERT: Alert = {
  dialect: '',
  ticker: '',
  tickerExchange: null,
  action: null,
  marketPosition: null,
  previousMarketPosition: null,
  marketPositionSize: null,
  previousMarketPositionSize: null,
  quantity: null,
  quantityUnit: 'base',
  orderType: 'market',
  price: null,
  signalPrice: null,
  leverage: null,
  stopLoss: null,
  takeProfit: null,
  stopLossPercent: null,
  takeProfitPercent: null,
  hedged: false,
  protection: null,
  trailing: null,
  topUp: false,
  shareRouteId: null,
  targets: [],
  maxAgeSeconds: null,
  accountId: null,
  originId: null,
  idempotencyKey: null,
  alertAtMs: null,
  comment: null,
}

export const INTENT_KINDS = ['open', 'add', 'reduce', 'close', 'reverse', 'close-all', 'cancel', 'protect', 'none'] as const
export type IntentKind = (typeof INTENT_KINDS)[number]

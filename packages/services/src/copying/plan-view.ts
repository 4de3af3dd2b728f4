import type { CopyPlan } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { copySteps, FEE_FRACTION, protectionPrices, type Decision, type PlannedOrder } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { dryOrder } from '../signals/dry-order.ts'
import { sentenceFor } from '../trading/orders.ts'

/** Tick sizes by exchange and symbol. */
export type Ticks = ReadonlyMap<string, string>

export async function loadTicks(db: Queryable, exchanges: readonly string[]): Promise<Ticks> {
  const rows = await db.query<{ key: string; tickSize: string }>(
    `SELECT exchange || ' ' || symbol AS key, tick_size AS "tickSize" FROM market WHERE exchange = ANY($1)`,
    [exchanges],
  )
  return new Map(rows.map(({ key, tickSize }) => [key, tickSize]))
}

/** A decision of a follow as people read it. Amounts quote; stop and target as they would be placed at the price of the decision. */
export function planView({ outcome, intent, symbol, reason, numbers, orders }: Decision, tickSize: string | undefined): CopyPlan {
  const open = orders.find(({ leg }) => leg === 'open')
  const opened = open === undefined ? null : { notional: text(numbers['notionalQuote']), price: text(numbers['price']) }
  return {
    outcome,
    intent,
    symbol,
    reason,
    reasonText: sentenceFor(reason, numbers),
    numbers,
    steps: copySteps({ numbers }),
    price: text(numbers['price']),
    quantityBase: open?.quantityBase ?? null,
    notionalQuote: opened && opened.notional,
    marginQuote: opened && text(numbers['marginQuote']),
    leverage: open?.leverage ?? null,
    feeQuote: opened?.notional ? new Decimal(opened.notional).mul(FEE_FRACTION).toDecimalPlaces(8).toFixed() : null,
    ...(open === undefined || !opened?.price || tickSize === undefined
      ? { stopPrice: null, targetPrice: null }
      : protectionOf(open, opened.price, tickSize)),
    orders: orders.map(dryOrder),
  }
}

function protectionOf(open: PlannedOrder, price: string, tickSize: string): Pick<CopyPlan, 'stopPrice' | 'targetPrice'> {
  const { stopPrice, targetPrice } = protectionPrices({
    side: open.side === 'buy' ? 'LONG' : 'SHORT',
    entryPrice: new Decimal(price),
    tickSize: new Decimal(tickSize),
    wish: {
      stopPrice: decimal(open.stopPrice),
      targetPrice: decimal(open.targetPrice),
      stopFraction: decimal(open.stopFraction),
      targetFraction: decimal(open.targetFraction),
    },
  })
  return { stopPrice: stopPrice?.toFixed() ?? null, targetPrice: targetPrice?.toFixed() ?? null }
}

function decimal(value: string | null): Decimal | null {
  return value === null ? null : new Decimal(value)
}

function text(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}

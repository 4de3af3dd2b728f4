import { AppError } from '@matic/contracts'
import { findMarket } from '../markets-read/index.ts'
import { assertReady, findAccount } from './accounts.ts'
import { manualAlert } from './manual-alert.ts'
import { assertNotRefused, sendManualSignal, type Outcome, type TradingContext } from './manual-signal.ts'

/** Quantity in base, prices in quote per base. */
export interface PlaceOrder {
  readonly userId: string
  readonly accountId: string | undefined
  readonly symbol: string
  readonly side: 'buy' | 'sell' | 'long' | 'short'
  readonly type: 'market' | 'limit'
  readonly quantity: string
  readonly price: string | undefined
  readonly leverage: number | undefined
  readonly stopLoss: string | undefined
  readonly takeProfit: string | undefined
  /** The same key never makes a second order. */
  readonly idempotencyKey: string | undefined
  readonly requestId: string | null
}

/**
 * An order by hand: a signal like any other.
 * @throws AppError NO_ACCOUNT, ACCOUNT_NOT_READY, MARKET_NOT_FOUND, VALIDATION_FAILED, ORDER_REFUSED
 */
export async function placeOrder({ ctx, input }: { ctx: TradingContext; input: PlaceOrder }): Promise<Outcome> {
  if (input.type === 'limit' && input.price === undefined) {
    throw new AppError('VALIDATION_FAILED', 'Some fields are not right', { details: { price: ['A limit order needs a price'] } })
  }
  const account = await findAccount({ db: ctx.db, input })
  assertReady(account)
  const market = await findMarket({ db: ctx.db, symbol: input.symbol, exchange: account.exchange })

  const { userId: _userId, requestId, accountId: _accountId, idempotencyKey, ...wish } = input
  const alert = manualAlert({
    ticker: market.symbol,
    action: input.side === 'buy' || input.side === 'long' ? 'buy' : 'sell',
    quantity: input.quantity,
    orderType: input.type,
    price: input.type === 'limit' ? (input.price ?? null) : null,
    leverage: input.leverage === undefined ? null : String(input.leverage),
    stopLoss: input.stopLoss ?? null,
    takeProfit: input.takeProfit ?? null,
    idempotencyKey: `order-${idempotencyKey ?? ctx.newId()}`,
    atMs: ctx.clock.now(),
  })
  const outcome = await sendManualSignal({
    ctx,
    input: { userId: input.userId, accountId: account.id, alert, rawBody: Buffer.from(JSON.stringify(wish)), requestId },
  })
  assertNotRefused(outcome)
  return outcome
}

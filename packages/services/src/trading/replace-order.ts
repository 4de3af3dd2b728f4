import { AppError, type OrderView } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { cancelOrder, positionOfOrder } from './cancel-order.ts'
import { manualAlert } from './manual-alert.ts'
import { assertNotRefused, sendManualSignal, type TradingContext } from './manual-signal.ts'
import { findOrder } from './orders.ts'
import { setProtection } from './set-protection.ts'

interface ReplaceOrder {
  readonly userId: string
  readonly orderId: string
  /** Quote per base. */
  readonly price: string | undefined
  /** Base, of the whole order: what it has filled already counts. */
  readonly quantity: string | undefined
  readonly triggerPrice: string | undefined
  readonly requestId: string | null
}

interface Replaced {
  readonly order: OrderView
  readonly settled: boolean
}

/**
 * A stop or target moves with its position. A limit order is cancelled first, and only what the exchange then says was left is placed anew.
 * @throws AppError ORDER_NOT_FOUND, CONFLICT when it is over or filled meanwhile, VALIDATION_FAILED, ORDER_REFUSED
 */
export async function replaceOrder({ ctx, input }: { ctx: TradingContext; input: ReplaceOrder }): Promise<Replaced> {
  const order = await findOrder({ db: ctx.db, input })
  if (!order) throw new AppError('ORDER_NOT_FOUND', 'There is no such order')
  if (order.leg === 'stop' || order.leg === 'target') return moveTrigger(ctx, input, order)
  if (order.type !== 'limit' || order.leg !== 'open') throw new AppError('CONFLICT', 'Only limit orders, stops and targets can be changed')
  if (input.triggerPrice !== undefined) throw invalid('triggerPrice', 'A limit order has a price and no trigger')
  return placeAnew(ctx, input, order)
}

async function moveTrigger(ctx: TradingContext, input: ReplaceOrder, order: OrderView): Promise<Replaced> {
  const { userId, triggerPrice } = input
  if (triggerPrice === undefined) throw invalid('triggerPrice', 'A stop or target moves by its trigger price')
  const { positionId, shareId } = await positionOfOrder(ctx, input)
  const isStop = order.leg === 'stop'
  const { settled } = await setProtection({
    ctx,
    input: { userId, positionId, shareId, stopLoss: isStop ? triggerPrice : undefined, takeProfit: isStop ? undefined : triggerPrice },
  })
  const [newest] = await ctx.db.query<{ id: string }>(
    `SELECT n.id FROM trade_order n JOIN trade_order o ON o.account_id = n.account_id AND o.cause = n.cause AND o.leg = n.leg
      WHERE o.id = $1 AND o.user_id = $2 ORDER BY n.revision DESC LIMIT 1`,
    [order.id, userId],
  )
  const now = await findOrder({ db: ctx.db, input: { userId, orderId: newest?.id ?? order.id } })
  return { order: now ?? order, settled }
}

async function placeAnew(ctx: TradingContext, input: ReplaceOrder, order: OrderView): Promise<Replaced> {
  const { userId, requestId } = input
  const canceled = await cancelOrder({ ctx, input })
  if (!canceled.settled) return canceled
  const left = new Decimal(input.quantity ?? order.quantity ?? 0).sub(canceled.order.filled)
  if (canceled.order.state !== 'CANCELED' || left.lte(0))
    throw new AppError('CONFLICT', `The order is over: ${canceled.order.filled} of it was filled.`, {
      details: { state: canceled.order.state },
    })

  const [wishes] = await ctx.db.query<{ leverage: number | null; stopPrice: string | null; targetPrice: string | null }>(
    'SELECT leverage, stop_price AS "stopPrice", target_price AS "targetPrice" FROM trade_order WHERE id = $1 AND user_id = $2',
    [order.id, userId],
  )
  const alert = manualAlert({
    ticker: order.symbol,
    action: order.side,
    quantity: left.toFixed(),
    orderType: 'limit',
    price: input.price ?? order.price,
    leverage: wishes?.leverage?.toString() ?? null,
    stopLoss: plainPrice(wishes?.stopPrice),
    takeProfit: plainPrice(wishes?.targetPrice),
    idempotencyKey: `replace-${order.id}`,
    atMs: ctx.clock.now(),
  })
  const rawBody = Buffer.from(JSON.stringify({ action: 'replace', replaces: order.id, price: alert.price, quantity: alert.quantity }))
  const outcome = await sendManualSignal({ ctx, input: { userId, accountId: order.accountId, alert, rawBody, requestId } })
  assertNotRefused(outcome)
  return { order: outcome.placed.orders.find(({ leg }) => leg === 'open') ?? canceled.order, settled: outcome.settled }
}

function plainPrice(price: string | null | undefined): string | null {
  return price === null || price === undefined ? null : new Decimal(price).toFixed()
}

function invalid(field: string, message: string): AppError {
  return new AppError('VALIDATION_FAILED', 'Some fields are not right', { details: { [field]: [message] } })
}

import { assertReady } from './accounts.ts'
import { findPosition } from './find-position.ts'
import { manualAlert } from './manual-alert.ts'
import { assertNotRefused, sendManualSignal, type Outcome, type TradingContext } from './manual-signal.ts'

interface Reverse {
  readonly userId: string
  readonly positionId: string
  /** Base, on the other side; as much as is held where left out. */
  readonly quantity: string | undefined
  readonly stopLoss: string | undefined
  readonly takeProfit: string | undefined
  readonly idempotencyKey: string | undefined
  readonly requestId: string | null
}

/**
 * Closes a position and opens the other side, whole or not at all: a rule that refuses the new side leaves the old one open.
 * @throws AppError POSITION_NOT_FOUND, ACCOUNT_NOT_READY, ORDER_REFUSED
 */
export async function reversePosition({ ctx, input }: { ctx: TradingContext; input: Reverse }): Promise<Outcome> {
  const { userId, requestId, stopLoss = null, takeProfit = null } = input
  const { position, account } = await findPosition({ db: ctx.db, input })
  assertReady(account)
  const wasLong = position.side === 'LONG'
  const quantity = input.quantity ?? position.size
  const alert = manualAlert({
    ticker: position.symbol,
    action: wasLong ? 'sell' : 'buy',
    marketPosition: wasLong ? 'short' : 'long',
    previousMarketPosition: wasLong ? 'long' : 'short',
    marketPositionSize: quantity,
    quantity,
    leverage: position.leverage === null ? null : String(position.leverage),
    stopLoss,
    takeProfit,
    idempotencyKey: `reverse-${input.idempotencyKey ?? ctx.newId()}`,
    atMs: ctx.clock.now(),
  })
  const rawBody = Buffer.from(JSON.stringify({ action: 'reverse', symbol: position.symbol, quantity, stopLoss, takeProfit }))
  const outcome = await sendManualSignal({ ctx, input: { userId, accountId: account.id, alert, rawBody, requestId } })
  assertNotRefused(outcome)
  return outcome
}

import { AppError } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { closePosition } from './close-position.ts'
import { findPosition } from './find-position.ts'
import { manualAlert } from './manual-alert.ts'
import { assertNotRefused, sendManualSignal, type Outcome, type TradingContext } from './manual-signal.ts'

interface PartClose {
  readonly userId: string
  readonly positionId: string
  /** Of what is there when it is sent: 0.25 is a quarter, 1 is all. */
  readonly fraction: string
  readonly idempotencyKey: string | undefined
  readonly requestId: string | null
}

/**
 * Closes a position, or a part of it, at market. Whatever is left keeps its stop and target.
 * @throws AppError POSITION_NOT_FOUND, ORDER_REFUSED
 */
export async function closePart({ ctx, input }: { ctx: TradingContext; input: PartClose }): Promise<Outcome> {
  const { userId, idempotencyKey, requestId } = input
  const { position, account } = await findPosition({ db: ctx.db, input })
  if (new Decimal(input.fraction).gte(1)) {
    const side = position.positionSide === 'BOTH' ? {} : { side: position.positionSide }
    return closePosition({ ctx, input: { userId, accountId: account.id, symbol: position.symbol, ...side, idempotencyKey, requestId } })
  }
  const isLong = position.side === 'LONG'
  const alert = manualAlert({
    ticker: position.symbol,
    action: isLong ? 'sell' : 'buy',
    // A share is said as sizes before and after; which they are does not matter.
    marketPosition: isLong ? 'long' : 'short',
    previousMarketPosition: isLong ? 'long' : 'short',
    previousMarketPositionSize: '1',
    marketPositionSize: new Decimal(1).sub(input.fraction).toFixed(),
    idempotencyKey: `reduce-${idempotencyKey ?? ctx.newId()}`,
    atMs: ctx.clock.now(),
  })
  const rawBody = Buffer.from(JSON.stringify({ action: 'reduce', symbol: position.symbol, fraction: input.fraction }))
  const outcome = await sendManualSignal({ ctx, input: { userId, accountId: account.id, alert, rawBody, requestId } })
  if (outcome.placed.reason === 'NOTHING_TO_REDUCE')
    throw new AppError('POSITION_NOT_FOUND', `There is no open ${position.side.toLowerCase()} position in ${position.symbol}`)
  assertNotRefused(outcome)
  return outcome
}

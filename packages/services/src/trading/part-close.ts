import { AppError, type PositionView } from '@matic/contracts'
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
  /** The share of the person's own hand, where several sources share the position: all of it leaves the others theirs. */
  readonly shareId: string | undefined
  readonly idempotencyKey: string | undefined
  readonly requestId: string | null
}

/**
 * Closes a position, or a part of it, at market. Whatever is left keeps its stop and target. Of a shared
 * position all is everybody's, and a part is of the share of the person's own hand.
 * @throws AppError POSITION_NOT_FOUND; ORDER_REFUSED, also for the share of another source
 */
export async function closePart({ ctx, input }: { ctx: TradingContext; input: PartClose }): Promise<Outcome> {
  const { userId, shareId, idempotencyKey, requestId } = input
  const { position, account } = await findPosition({ db: ctx.db, input })
  const { side } = heldByHand(position, shareId)
  if (shareId === undefined && new Decimal(input.fraction).gte(1)) {
    const ofSide = position.positionSide === 'BOTH' ? {} : { side: position.positionSide }
    return closePosition({ ctx, input: { userId, accountId: account.id, symbol: position.symbol, ...ofSide, idempotencyKey, requestId } })
  }
  const isLong = side === 'LONG'
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
    throw new AppError('POSITION_NOT_FOUND', `There is no open ${side.toLowerCase()} position of yours in ${position.symbol}`)
  assertNotRefused(outcome)
  return outcome
}

/** What a part is taken of. @throws AppError POSITION_NOT_FOUND, ORDER_REFUSED */
function heldByHand(position: PositionView, shareId: string | undefined): Pick<PositionView, 'side'> {
  if (shareId === undefined) return position.shares?.find(({ source }) => source === 'MANUAL') ?? position
  const share = position.shares?.find(({ id }) => id === shareId)
  if (share === undefined) throw new AppError('POSITION_NOT_FOUND', 'There is no such share of this position')
  if (share.source !== 'MANUAL')
    throw new AppError('ORDER_REFUSED', 'This share is another source’s: it closes with its source, or with the whole position')
  return share
}

import { AppError, isTerminal, ORDER_STATES, type PositionView, type ShareView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
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
  /** Where several sources share the position: of this share alone, whoever's it is. All of it leaves the others theirs. */
  readonly shareId: string | undefined
  readonly idempotencyKey: string | undefined
  readonly requestId: string | null
}

/**
 * Closes a position, a share of it, or a part of either, at market. Whatever is left keeps its stop and target. Of a shared
 * position all is everybody's, and a part is of the share of the person's own hand, unless a share is named.
 * @throws AppError POSITION_NOT_FOUND, also for a share that is over; CONFLICT where it is being closed already; ORDER_REFUSED
 */
export async function closePart({ ctx, input }: { ctx: TradingContext; input: PartClose }): Promise<Outcome> {
  const { userId, shareId, idempotencyKey, requestId, fraction } = input
  const { position, account } = await findPosition({ db: ctx.db, input })
  const share = shareMeant(position, shareId)
  const { side } = share ?? position
  if (shareId === undefined && new Decimal(fraction).gte(1)) {
    const ofSide = position.positionSide === 'BOTH' ? {} : { side: position.positionSide }
    return closePosition({ ctx, input: { userId, accountId: account.id, symbol: position.symbol, ...ofSide, idempotencyKey, requestId } })
  }
  const isLong = side === 'LONG'
  const alert = manualAlert({
    ticker: position.symbol,
    action: isLong ? 'sell' : 'buy',
    // A part is said as sizes before and after; which they are does not matter.
    marketPosition: isLong ? 'long' : 'short',
    previousMarketPosition: isLong ? 'long' : 'short',
    previousMarketPositionSize: '1',
    marketPositionSize: new Decimal(1).sub(fraction).toFixed(),
    shareRouteId: share === undefined || share.source === 'MANUAL' ? null : share.routeId,
    idempotencyKey: `reduce-${idempotencyKey ?? ctx.newId()}`,
    atMs: ctx.clock.now(),
  })
  const rawBody = Buffer.from(JSON.stringify({ action: 'reduce', symbol: position.symbol, fraction, ...(shareId && { share: shareId }) }))
  const outcome = await sendManualSignal({ ctx, input: { userId, accountId: account.id, alert, rawBody, requestId } })
  if (outcome.placed.reason !== 'NOTHING_TO_REDUCE') {
    assertNotRefused(outcome)
    return outcome
  }
  if (share !== undefined && (await isBeingClosed(ctx.db, share.id)))
    throw new AppError('CONFLICT', `This share of ${position.symbol} is being closed already`)
  const whose = share === undefined || share.source === 'MANUAL' ? 'position of yours' : 'share of that source'
  throw new AppError('POSITION_NOT_FOUND', `There is no open ${side.toLowerCase()} ${whose} in ${position.symbol}`)
}

/** What a part is taken of; the position where nobody shares it. @throws AppError POSITION_NOT_FOUND */
function shareMeant({ shares }: PositionView, shareId: string | undefined): ShareView | undefined {
  if (shareId === undefined) return shares?.find(({ source }) => source === 'MANUAL')
  const share = shares?.find(({ id }) => id === shareId)
  if (share === undefined) throw new AppError('POSITION_NOT_FOUND', 'There is no such share of this position')
  return share
}

/** Ordered, and not over yet. */
async function isBeingClosed(db: Queryable, shareId: string): Promise<boolean> {
  const closing = await db.query(
    `SELECT 1 FROM position_share s JOIN trade_order o ON o.account_id = s.account_id AND o.route_id = s.route_id AND o.symbol = s.symbol AND o.position_side = s.position_side
      WHERE s.id = $1 AND s.quantity_base <> 0 AND o.leg IN ('close', 'emergency') AND o.state = ANY($2) LIMIT 1`,
    [shareId, ORDER_STATES.filter((state) => !isTerminal(state))],
  )
  return closing.length > 0
}

import { AppError, isTerminal, ORDER_STATES, reasonText, type PositionView } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { NewFact, Transaction } from '@matic/db'
import { protectionPrices } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { positionFact, wishProtection } from '../execution/position-rows.ts'
import { POSITION_COLUMNS, positionCause, SHARE_COLUMNS, type PositionRow } from '../execution/rows.ts'
import { tellProtection } from '../mirror/tell-protection.ts'
import { findMarket } from '../markets-read/index.ts'
import { findPosition } from './find-position.ts'
import { isHeld } from './list-positions.ts'
import type { TradingContext } from './manual-signal.ts'

interface SetProtection {
  readonly userId: string
  readonly positionId: string
  /** Where several sources share the position: of this share alone; of all where left out. */
  readonly shareId?: string | null | undefined
  /** Quote per base; null takes it away, undefined leaves it. */
  readonly stopLoss: string | null | undefined
  readonly takeProfit: string | null | undefined
}

interface Wish {
  readonly stopPrice: string | null
  readonly targetPrice: string | null
}

const LOOK_EVERY_MS = 100
const LIVE = ORDER_STATES.filter((state) => !isTerminal(state))

/**
 * Writes down what stop and target a position should have; its lane makes it so, the new stop before the old one goes. Prices off the tick are
 * rounded towards the entry. From then on no leader moves them, and those who follow this position's source hear of it.
 * @returns the position; `settled` is false when the wait was over before the exchange had both
 * @throws AppError POSITION_NOT_FOUND, also for a share that is over, ORDER_REFUSED for a price on the wrong side, CONFLICT while it is being closed, or where shares on both sides ask for one each
 */
export async function setProtection({
  ctx,
  input,
}: {
  ctx: TradingContext
  input: SetProtection
}): Promise<{ position: PositionView; settled: boolean }> {
  const found = await findPosition({ db: ctx.db, input })
  const { account } = found
  const position = meantBy(input, found.position)
  const market = await findMarket({ db: ctx.db, symbol: position.symbol, exchange: account.exchange })
  const wish = wishOf(position, input, market.tickSize)
  assertRightSide(position, wish, input, market.mark?.price ?? position.markPrice)

  using watch = ctx.desk.watchFacts()
  const { ids, leaving, told } = await ctx.db.transaction((tx) => write(tx, ctx, input, wish))
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  if (told) ctx.doorbell.ring('dispatch')
  ctx.doorbell.ring('execute')

  const deadlineMs = ctx.clock.monotonic() + ctx.timings.apiRequestWaitMs
  for (;;) {
    const now = await findPosition({ db: ctx.db, input })
    if (now.position.protection !== 'PROTECTING' && (await areOver(ctx, leaving))) return { position: now.position, settled: true }
    const leftMs = deadlineMs - ctx.clock.monotonic()
    if (leftMs <= 0) return { position: now.position, settled: false }
    await watch.next(Math.min(LOOK_EVERY_MS, leftMs))
  }
}

/** Of shares on both sides each has prices of its own. @throws AppError CONFLICT, POSITION_NOT_FOUND */
function meantBy({ shareId }: SetProtection, position: PositionView): PositionView {
  const share = position.shares?.find(({ id }) => id === shareId)
  if (share !== undefined) return { ...position, ...share, id: position.id, entryPrice: share.entryPrice ?? position.entryPrice }
  if (shareId !== undefined && shareId !== null) throw noSuchShare()
  if (position.shares?.some(({ side }) => side !== position.shares?.[0]?.side) === true)
    throw new AppError('CONFLICT', 'Long and short shares stand against each other here: set the stop and the target of each')
  return position
}

function noSuchShare(): AppError {
  return new AppError('POSITION_NOT_FOUND', 'There is no such share of this position')
}

function wishOf(position: PositionView, { stopLoss, takeProfit }: SetProtection, tickSize: string): Wish {
  const wanted = (asked: string | null | undefined, now: string | null) => (asked === undefined ? now : asked)
  const decimal = (text: string | null) => (text === null ? null : new Decimal(text))
  const { stopPrice, targetPrice } = protectionPrices({
    side: position.side,
    entryPrice: new Decimal(position.entryPrice),
    tickSize: new Decimal(tickSize),
    wish: {
      stopPrice: decimal(wanted(stopLoss, position.stopLoss)),
      targetPrice: decimal(wanted(takeProfit, position.takeProfit)),
      stopFraction: null,
      targetFraction: null,
    },
  })
  return { stopPrice: stopPrice?.toFixed() ?? null, targetPrice: targetPrice?.toFixed() ?? null }
}

async function areOver(ctx: TradingContext, orderIds: readonly string[]): Promise<boolean> {
  const live = await ctx.db.query('SELECT 1 FROM trade_order WHERE id = ANY($1::uuid[]) AND state = ANY($2) LIMIT 1', [orderIds, LIVE])
  return live.length === 0
}

/** What would trigger at once is refused here; the exchange has the last word. @throws AppError ORDER_REFUSED */
function assertRightSide(position: PositionView, wish: Wish, asked: SetProtection, price: string | null): void {
  if (price === null) return
  const isAbove = (trigger: string) => new Decimal(trigger).gt(price)
  const isLong = position.side === 'LONG'
  if (asked.stopLoss !== undefined && wish.stopPrice !== null && isAbove(wish.stopPrice) === isLong)
    throw refused('STOP_WRONG_SIDE', { stopPrice: wish.stopPrice, price })
  if (asked.takeProfit !== undefined && wish.targetPrice !== null && isAbove(wish.targetPrice) !== isLong)
    throw refused('TARGET_WRONG_SIDE', { targetPrice: wish.targetPrice, price })
}

function refused(reason: 'STOP_WRONG_SIDE' | 'TARGET_WRONG_SIDE', numbers: Record<string, string>): AppError {
  return new AppError('ORDER_REFUSED', reasonText(reason, numbers), { details: { reason, ...numbers } })
}

interface Written {
  readonly ids: string[]
  /** Orders that rest where nothing is wanted any more. */
  readonly leaving: readonly string[]
  /** Followers are to hear of it. */
  readonly told: boolean
}

async function write(tx: Transaction, ctx: TradingContext, input: SetProtection, wish: Wish): Promise<Written> {
  const { userId, positionId } = input
  const [row] = await tx.query<PositionRow>(
    `SELECT ${POSITION_COLUMNS} FROM position p WHERE p.id = $1 AND p.user_id = $2 AND ${isHeld('p')} FOR UPDATE`,
    [positionId, userId],
  )
  if (!row) throw new AppError('POSITION_NOT_FOUND', 'There is no such open position')
  const shares = await sharesOf(tx, row, input.shareId ?? null)
  if (input.shareId && shares.length === 0) throw noSuchShare()
  if ([row, ...shares].some(({ protection }) => protection === 'EMERGENCY'))
    throw new AppError('CONFLICT', 'This position is being closed because it could not be protected')
  if (shares.length === 0) await tx.query('UPDATE position SET own_protection = true WHERE id = $1 AND user_id = $2', [positionId, userId])
  const shareIds = shares.map(({ id }) => id)
  await tx.query('UPDATE position_share SET own_protection = true WHERE id = ANY($1::uuid[]) AND user_id = $2', [shareIds, userId])
  const facts: NewFact[] = []
  const news: NewFact[] = []
  const leaving: string[] = []
  for (const held of shares.length === 0 ? [row] : shares) {
    const wanted = held === row ? wish : wishOfShare(held, input, wish)
    facts.push(positionFact(await wishProtection(tx, held, wanted)))
    leaving.push(...(await leavingOf(tx, held, wanted)))
    news.push(...(await tellProtection(tx, ctx, held, wanted)))
  }
  return { ids: await recordFacts(tx, [...facts, ...news]), leaving, told: news.length > 0 }
}

/** None where a market belongs to one source. */
function sharesOf(tx: Transaction, row: PositionRow, shareId: string | null): Promise<PositionRow[]> {
  return tx.query<PositionRow>(
    `SELECT ${SHARE_COLUMNS} FROM position_share p JOIN account a ON a.id = p.account_id AND a.shared_symbols = 'net'
      WHERE p.account_id = $1 AND p.symbol = $2 AND p.position_side = $3 AND p.user_id = $4 AND p.quantity_base <> 0 AND ($5::uuid IS NULL OR p.id = $5)
      ORDER BY p.id FOR UPDATE OF p`,
    [row.accountId, row.symbol, row.positionSide, row.userId, shareId],
  )
}

/** What was not asked for stays as each share has it. */
function wishOfShare(share: PositionRow, { stopLoss, takeProfit }: SetProtection, wish: Wish): Wish {
  return {
    stopPrice: stopLoss === undefined ? share.stopPrice : wish.stopPrice,
    targetPrice: takeProfit === undefined ? share.targetPrice : wish.targetPrice,
  }
}

async function leavingOf(tx: Transaction, row: PositionRow, wish: Wish): Promise<string[]> {
  const leaving = await tx.query<{ id: string }>(
    `SELECT id FROM trade_order WHERE account_id = $1 AND cause = $2 AND leg IN ('stop', 'target') AND state = ANY($3)
       AND trigger_price IS DISTINCT FROM CASE leg WHEN 'stop' THEN $4::numeric ELSE $5::numeric END`,
    [row.accountId, positionCause(row), LIVE, wish.stopPrice, wish.targetPrice],
  )
  return leaving.map(({ id }) => id)
}

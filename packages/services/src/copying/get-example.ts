import { AppError, BLANK_ALERT, type Alert, type CopyExample, type FollowSettings, type Side } from '@matic/contracts'
import type { Db, Transaction } from '@matic/db'
import { isSameSymbol, resolveMarket, type DecisionMarket, type LeaderBook, type Opening } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { basisKey } from '../dispatch/copy-basis.ts'
import { decideAll } from '../dispatch/decide-all.ts'
import { loadMarkets, type Markets } from '../dispatch/load-batch.ts'
import { plainOrNull } from '../plain.ts'
import { asIfReceived, EXCHANGES } from '../signals/as-if-received.ts'
import { routeAsIfFollowing } from './as-if-following.ts'
import { readOffered, type OfferedStrategy } from './offered-strategy.ts'
import { planView } from './plan-view.ts'
import { readOpenings } from './read-openings.ts'

interface Context {
  readonly db: Db
  readonly newId: () => string
}

interface Input {
  readonly userId: string
  readonly strategyId: string
  readonly accountId: string
  readonly settings: FollowSettings
  readonly inviteCode: string | undefined
  readonly alert: { readonly symbol: string; readonly side: Side; readonly quantity: string } | undefined
}

/** What the leader is taken to open. */
interface Shown {
  readonly origin: CopyExample['origin']
  readonly market: DecisionMarket | null
  readonly alert: Alert
  readonly book: LeaderBook
  readonly side: Side
  readonly quantityBase: string | null
  readonly at: string | null
}

/**
 * The leader opens, the follower opens: by the decision that would carry it out, on the account as it is now.
 * @throws AppError NOT_FOUND, ACCOUNT_NOT_FOUND; FOLLOW_REFUSED while it is not offered; CONFLICT where no market of the account has a price
 */
export async function getExample({ ctx, input }: { ctx: Context; input: Input }): Promise<CopyExample> {
  const { userId, strategyId, accountId, settings } = input
  return ctx.db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    const strategy = await readOffered(tx, { userId, strategyId, inviteCode: input.inviteCode })
    const { leaderId, source, sourceId } = strategy
    const id = ctx.newId()
    const signal = await asIfReceived(tx, { id, userId: leaderId, source, sourceId, alert: BLANK_ALERT })
    if (signal === undefined) throw new AppError('CONFLICT', 'The leader’s webhook is switched off')
    const route = await routeAsIfFollowing(tx, { userId, accountId, settings, routeId: ctx.newId(), strategy, signal })
    const every = await loadMarkets(tx, [route.exchange])
    const markets = every.get(route.exchange)
    const shown = await whatToShow(tx, { strategy, markets, given: input.alert, settings })
    const placed = { ...signal, alert: { ...shown.alert, maxAgeSeconds: null }, block: null, note: {} }
    const bases = new Map([[basisKey(id, strategyId), shown.book]])
    const [decided] = await decideAll(tx, { newId: ctx.newId, exchanges: EXCHANGES }, [placed], [route], {
      locked: false,
      bases,
      markets: every,
    })
    if (decided === undefined) throw new AppError('CONFLICT', 'Nothing of the leader’s reaches this account')
    const { market, quantityBase, origin, side, at } = shown
    const mark = market === null ? null : (markets?.markOf(market.symbol) ?? null)
    return {
      origin,
      leader: {
        symbol: market?.symbol ?? shown.alert.ticker,
        side,
        quantityBase,
        notionalQuote: quantityBase === null || mark === null ? null : new Decimal(quantityBase).mul(mark).toDecimalPlaces(8).toFixed(),
        equityQuote: strategy.showsEquity ? plainOrNull(shown.book.equity) : null,
        at,
      },
      plan: planView(decided.decision, market?.tickSize),
    }
  })
}

interface ToShow {
  readonly strategy: OfferedStrategy
  readonly markets: Markets | undefined
  readonly given: Input['alert']
  readonly settings: FollowSettings
}

async function whatToShow(tx: Transaction, { strategy, markets, given, settings }: ToShow): Promise<Shown> {
  const index = markets?.index ?? new Map()
  if (given !== undefined) {
    const market = resolveMarket(given.symbol, index)?.market ?? null
    return spoken(strategy, { origin: 'given', market, ticker: given.symbol, side: given.side, quantity: given.quantity })
  }
  const [last] = await readOpenings(tx, { strategy, markets: index, limit: 1 })
  if (last !== undefined) return atTodaysPrice(last, markets)
  const market = likelyMarket(strategy, markets, settings)
  if (market === null) throw new AppError('CONFLICT', 'No market of this account has a price at the moment')
  return spoken(strategy, {
    origin: 'made-up',
    market,
    ticker: market.symbol,
    side: 'buy',
    quantity: likelyQuantity(strategy, markets, market),
  })
}

interface Spoken {
  readonly origin: CopyExample['origin']
  readonly market: DecisionMarket | null
  readonly ticker: string
  readonly side: Side
  readonly quantity: string
}

/** A market order from flat. */
function spoken({ leaderEquity }: OfferedStrategy, { origin, market, ticker, side, quantity }: Spoken): Shown {
  const alert = { ...BLANK_ALERT, dialect: 'example', ticker: market?.symbol ?? ticker, action: side, quantity }
  const book: LeaderBook = { routeId: null, equity: plainOrNull(leaderEquity), positions: [], pendingOpens: [], decision: null }
  return { origin, market, alert, book, side, quantityBase: quantity, at: null }
}

/** The same move now: stop, target and limit as far from the price as they were, and nothing too old or too far away. */
function atTodaysPrice({ alert, leader, leaderBase, side, price, atMs }: Opening, markets: Markets | undefined): Shown {
  const market = resolveMarket(alert.ticker, markets?.index ?? new Map())?.market ?? null
  const mark = market === null ? null : (markets?.markOf(market.symbol) ?? null)
  const moved = (then: string | null) => {
    if (then === null || market === null || mark === null || price === null) return null
    return new Decimal(then).mul(mark).div(price).toNearest(market.tickSize).toFixed()
  }
  const now: Alert = {
    ...alert,
    accountId: null,
    alertAtMs: null,
    signalPrice: null,
    price: moved(alert.price),
    stopLoss: moved(alert.stopLoss),
    takeProfit: moved(alert.takeProfit),
  }
  return { origin: 'last', market, alert: now, book: leader, side, quantityBase: leaderBase, at: new Date(atMs).toISOString() }
}

/** What would be copied: of the symbols that are allowed, the first with a price. */
function likelyMarket({ forced }: OfferedStrategy, markets: Markets | undefined, settings: FollowSettings): DecisionMarket | null {
  const named = [...forced.symbols, ...settings.allowedSymbols, 'BTC/USDT:USDT', ...all(markets).map(({ symbol }) => symbol)]
  const isIn = (symbols: readonly string[], symbol: string) => symbols.length === 0 || symbols.some((one) => isSameSymbol(one, symbol))
  for (const name of named) {
    const market = resolveMarket(name, markets?.index ?? new Map())?.market
    if (market === undefined || !markets?.markOf(market.symbol)) continue
    if (isIn(forced.symbols, market.symbol) && isIn(settings.allowedSymbols, market.symbol)) return market
  }
  return null
}

function all(markets: Markets | undefined): readonly DecisionMarket[] {
  return [...new Set(markets?.index.values())].flat()
}

/** A tenth of the leader's equity, on the step. Base. */
function likelyQuantity({ leaderEquity }: OfferedStrategy, markets: Markets | undefined, market: DecisionMarket): string {
  const step = new Decimal(market.stepSize)
  const wanted = new Decimal(leaderEquity ?? 10_000).div(10).div(markets?.markOf(market.symbol) ?? 1)
  return Decimal.max(market.minQuantity, wanted.div(step).floor().mul(step)).toFixed()
}

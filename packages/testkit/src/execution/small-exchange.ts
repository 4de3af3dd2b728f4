import type {
  AccountHandle,
  ExchangeFailure,
  ExchangeFill,
  ExchangeOrder,
  ExchangePort,
  ExchangePosition,
  ExchangeResult,
  OrderRequest,
} from '@matic/exchange/port'
import { applyFill } from '@matic/domain'
import type { NetPosition } from '@matic/domain'
import { Decimal } from 'decimal.js'

export interface Book {
  orders: ExchangeOrder[]
  fills: ExchangeFill[]
  /** Exchange order ids. */
  forced: string[]
  history: { atMs: number; position: NetPosition }[]
  position: NetPosition
}

export interface SmallExchange extends ExchangePort {
  price: Decimal
  /** Runs before an order is looked at; a failure it returns is the answer. */
  before: (order: OrderRequest, accountId: string) => Promise<ExchangeFailure | undefined>
  /** Runs after an order was taken; a failure it returns hides the answer. */
  after: (order: OrderRequest) => Promise<ExchangeFailure | undefined>
  /** Runs before a cancellation is looked at. */
  beforeCancel: (clientOrderId: string) => void
  readonly books: Map<string, Book>
  readonly accepted: OrderRequest[]
  /** The resting trigger order of this type fires at its price. */
  trigger(accountId: string, type: OrderRequest['type']): void
  /** Somebody trades or cancels at the exchange itself. */
  byHand(accountId: string): {
    trade(side: 'buy' | 'sell', quantityBase: string): void
    /** The exchange takes it by force. */
    takeOver(side: 'buy' | 'sell', quantityBase: string): void
    cancel(type: OrderRequest['type']): void
    rest(clientOrderId: string): void
  }
  /** Positions are listed as they were this long ago, ms. */
  listLagMs: number
  /** Part of the resting limit order trades. */
  fillPart(accountId: string, quantityBase: string, price: string): void
}

const ok = <T>(value: T): ExchangeResult<T> => ({ ok: true, value })
export const failure = (verdict: ExchangeFailure['verdict'], execution: ExchangeFailure['execution'], code: string): ExchangeFailure => ({
  verdict,
  execution,
  code,
  retryable: false,
  text: code,
  reason: 'REJECTED_OTHER',
  retryAfterMs: null,
})
const refuse = (verdict: ExchangeFailure['verdict'], code: string) => ({ ok: false as const, failure: failure(verdict, 'refused', code) })

const BALANCE = { walletBalance: '10000', available: '10000', unrealizedPnl: '0', equity: '10000', marginUsed: '0' }
const FLAT: NetPosition = { side: 'LONG', quantityBase: new Decimal(0), entryPrice: null }

/** One symbol, no margin, fills at once: enough to drive lanes against while nothing else is needed. */
export function createSmallExchange(): SmallExchange {
  const books = new Map<string, Book>()
  const accepted: OrderRequest[] = []
  let ids = 1000
  const bookOf = (account: AccountHandle): Book => {
    const book = books.get(account.accountId) ?? {
      orders: [],
      fills: [],
      forced: [],
      history: [],
      position: FLAT,
    }
    books.set(account.accountId, book)
    return book
  }
  const execute = (
    book: Book,
    fill: { side: 'buy' | 'sell'; symbol: string; exchangeOrderId: string; quantityBase: Decimal; price: Decimal },
  ): void => {
    book.position = applyFill(book.position, fill).position
    book.history.push({ atMs: Date.now(), position: book.position })
    const { side, symbol, exchangeOrderId, quantityBase, price } = fill
    const fee = quantityBase.mul(price).mul('0.0005').toFixed()
    book.fills.push({
      tradeId: String(ids++),
      exchangeOrderId,
      symbol,
      side,
      positionSide: 'BOTH',
      quantityBase: quantityBase.toFixed(),
      price: price.toFixed(),
      fee,
      feeCurrency: 'USDT',
      realizedPnl: '0',
      atMs: Date.now(),
    })
  }
  const isOpen = (order: ExchangeOrder) => order.status === 'open' || order.status === 'partial'

  const self: SmallExchange = {
    exchange: 'PAPER',
    capabilities: {
      certified: true,
      attachedProtection: false,
      userStream: false,
      closePositionTriggers: true,
      reduceOnlyInHedgeMode: false,
      trailing: 'none',
      clientOrderIdUniqueness: 'open-orders',
      clientOrderIdMaxLength: 36,
      maxRecvWindowMs: 60_000,
      takerFeeFraction: '0.0005',
      makerFeeFraction: '0.0002',
    },
    price: new Decimal(100),
    before: async () => undefined,
    after: async () => undefined,
    beforeCancel: () => undefined,
    books,
    accepted,
    trigger(accountId, type) {
      const book = books.get(accountId)
      const index = book?.orders.findIndex((order) => order.type === type && order.status === 'open') ?? -1
      const found = book?.orders[index]
      if (!book || !found) throw new Error(`nothing of type ${type} rests`)
      book.orders[index] = { ...found, status: 'filled' }
      execute(book, {
        side: found.side,
        symbol: found.symbol,
        exchangeOrderId: String(ids++),
        quantityBase: book.position.quantityBase,
        price: new Decimal(found.triggerPrice ?? 0),
      })
    },
    listLagMs: 0,
    byHand(accountId) {
      const book = books.get(accountId)
      if (!book) throw new Error('no such account')
      return {
        trade: (side, quantityBase) =>
          execute(book, {
            side,
            symbol: 'BTC/USDT:USDT',
            exchangeOrderId: String(ids++),
            quantityBase: new Decimal(quantityBase),
            price: self.price,
          }),
        takeOver(side, quantityBase) {
          const exchangeOrderId = String(ids++)
          book.forced.push(exchangeOrderId)
          execute(book, { side, symbol: 'BTC/USDT:USDT', exchangeOrderId, quantityBase: new Decimal(quantityBase), price: self.price })
        },
        cancel(type) {
          const index = book.orders.findIndex((order) => order.type === type && isOpen(order))
          const found = book.orders[index]
          if (found) book.orders[index] = { ...found, status: 'canceled' }
        },
        rest(clientOrderId) {
          const first = book.orders[0]
          if (first)
            book.orders.push({
              ...first,
              clientOrderId,
              exchangeOrderId: String(ids++),
              type: 'limit',
              status: 'open',
              filledBase: '0',
              averagePrice: null,
            })
        },
      }
    },
    fillPart(accountId, quantityBase, price) {
      const book = books.get(accountId)
      const index = book?.orders.findIndex((order) => order.type === 'limit' && order.status === 'open') ?? -1
      const found = book?.orders[index]
      if (!book || !found) throw new Error('no limit order rests')
      book.orders[index] = { ...found, status: 'partial', filledBase: quantityBase, averagePrice: price }
      execute(book, {
        side: found.side,
        symbol: found.symbol,
        exchangeOrderId: found.exchangeOrderId,
        quantityBase: new Decimal(quantityBase),
        price: new Decimal(price),
      })
    },
    measureClock: async () => ok({ offsetMs: 0, errorMs: 1 }),
    loadMarkets: async () =>
      ok([
        {
          symbol: 'BTC/USDT:USDT',
          marketId: 'BTCUSDT',
          base: 'BTC',
          quote: 'USDT',
          tickSize: '0.1',
          stepSize: '0.001',
          minQuantity: '0.001',
          maxQuantity: '1000',
          minNotional: '5',
          maxLeverage: 125,
          contractSize: '1',
          active: true,
        },
      ]),
    fetchMarks: async () => ok({ atMs: Date.now(), marks: { 'BTC/USDT:USDT': self.price.toFixed() } }),
    fetchCandles: async () => ok([]),
    async createOrder(account, order, signing) {
      const early = await self.before(order, account.accountId)
      if (early) return { ok: false, failure: early }
      if (Date.now() - signing.timestampMs > signing.recvWindowMs) return refuse('CLOCK', '-1021')
      const book = bookOf(account)
      if (book.orders.some((other) => other.clientOrderId === order.clientOrderId && isOpen(other))) return refuse('ADOPT', '-4116')
      const closing = (book.position.side === 'LONG') === (order.side === 'sell') && book.position.quantityBase.gt(0)
      if (order.reduceOnly && !closing) return refuse('MOOT', '-2022')
      if (order.closePosition && book.orders.some((other) => other.closePosition && other.type === order.type && isOpen(other)))
        return refuse('REJECTED', '-4130')
      accepted.push(order)
      const isTrigger = order.type.endsWith('-market')
      const quantity = order.reduceOnly
        ? Decimal.min(order.quantityBase ?? 0, book.position.quantityBase)
        : new Decimal(order.quantityBase ?? 0)
      const rests = isTrigger || order.type === 'limit'
      const made: ExchangeOrder = {
        clientOrderId: order.clientOrderId,
        exchangeOrderId: String(ids++),
        symbol: order.symbol,
        side: order.side,
        positionSide: 'BOTH',
        type: order.type,
        status: rests ? 'open' : 'filled',
        quantityBase: order.quantityBase,
        filledBase: rests ? '0' : quantity.toFixed(),
        averagePrice: rests ? null : self.price.toFixed(),
        price: order.price,
        triggerPrice: order.triggerPrice,
        reduceOnly: order.reduceOnly,
        closePosition: order.closePosition,
        isTrigger,
        updatedAtMs: Date.now(),
      }
      book.orders.push(made)
      if (!rests)
        execute(book, {
          side: order.side,
          symbol: order.symbol,
          exchangeOrderId: made.exchangeOrderId,
          quantityBase: quantity,
          price: self.price,
        })
      const late = await self.after(order)
      return late ? { ok: false, failure: late } : ok(made)
    },
    async cancelOrder(account, { clientOrderId }) {
      self.beforeCancel(clientOrderId)
      const book = bookOf(account)
      const index = book.orders.findIndex((order) => order.clientOrderId === clientOrderId && isOpen(order))
      const found = book.orders[index]
      if (!found) return refuse('NOT_FOUND', '-2011')
      book.orders[index] = { ...found, status: 'canceled' }
      return ok(null)
    },
    async findOrder(account, { clientOrderId }) {
      const found = bookOf(account).orders.findLast((order) => order.clientOrderId === clientOrderId)
      return found ? ok(found) : refuse('NOT_FOUND', '-2013')
    },
    fetchOpenOrders: async (account) => ok(bookOf(account).orders.filter(isOpen)),
    async fetchPositions(account) {
      const seenAtMs = Date.now() - self.listLagMs
      const position = bookOf(account).history.findLast((moment) => moment.atMs <= seenAtMs)?.position ?? FLAT
      const entry = position.entryPrice
      if (entry === null) return ok([])
      const listed: ExchangePosition = {
        symbol: 'BTC/USDT:USDT',
        positionSide: 'BOTH',
        side: position.side,
        quantityBase: position.quantityBase.toFixed(),
        entryPrice: entry.toFixed(),
        markPrice: self.price.toFixed(),
        liquidationPrice: null,
        leverage: 10,
        marginMode: 'cross',
        margin: null,
        unrealizedPnl: '0',
      }
      return ok([listed])
    },
    fetchBalance: async () => ok(BALANCE),
    lookIn: async (account) => ok({ balance: BALANCE, isFlat: bookOf(account).position.quantityBase.isZero() }),
    fetchFills: async (account, { sinceMs }) => ok(bookOf(account).fills.filter((fill) => fill.atMs >= sinceMs)),
    fetchForcedOrders: async (account) => ok(bookOf(account).forced),
    fetchIncome: async () => ok([]),
    setLeverage: async () => ok(null),
    setMarginMode: async () => ok(null),
    changeMargin: async () => ok(null),
    openUserStream: async () => {
      throw new Error('this exchange has no private streams')
    },
    fetchPositionMode: async () => ok('ONE_WAY'),
    probeAccount: async () =>
      ok({
        uid: null,
        permissions: { read: null, trade: null, futures: null, withdraw: null, transfer: null },
        ipRestricted: null,
        ipAddresses: [],
        expiresAtMs: null,
        positionMode: 'ONE_WAY',
        marginMode: 'per-symbol',
        holdsFutures: true,
        clockOffsetMs: 0,
        openPositions: 0,
        equity: '10000',
      }),
    forget: () => undefined,
    close: async () => undefined,
  }
  return self
}

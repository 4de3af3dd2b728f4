import { formatFixed, over } from '../../engine/fixed.ts'
import { entryPrice, type Marks, positionRisk } from '../../engine/margin.ts'
import { type Market, marketOf } from '../../engine/markets.ts'
import type { News } from '../../engine/news.ts'
import type { Account, AlgoOrder, Order, Position, Trade } from '../../engine/state.ts'
import { presentBreakEven, presentEntry } from './present-account.ts'

type Of<K extends News['kind']> = Extract<News, { kind: K }>
export interface PresentedNews extends Record<string, unknown> {
  readonly e: 'ORDER_TRADE_UPDATE' | 'ACCOUNT_UPDATE' | 'ALGO_UPDATE'
}

/** One event of a user data stream. `E` is when it is sent, `T` when it happened. */
export function presentNews(news: News, account: Account, marks: Marks, nowMs: number): PresentedNews {
  switch (news.kind) {
    case 'order':
      return { e: 'ORDER_TRADE_UPDATE', T: news.at, E: nowMs, o: presentOrderNews(news) }
    case 'algo':
      return { e: 'ALGO_UPDATE', T: news.at, E: nowMs, o: presentAlgoNews(news.algo, account) }
    case 'account':
      return { e: 'ACCOUNT_UPDATE', T: news.at, E: nowMs, a: presentAccountNews(news, account, marks) }
  }
}

function presentOrderNews({ order, execution, trade }: Of<'order'>): Record<string, unknown> {
  const market = marketOf(order.symbol)
  return {
    s: order.symbol,
    c: order.clientOrderId,
    S: order.side,
    o: order.type,
    f: order.timeInForce,
    q: quantity(market, order.quantity),
    p: price(market, order.price),
    ap: averagePrice(market, order),
    sp: price(market, order.stopPrice),
    x: execution,
    X: order.status,
    i: order.id,
    l: quantity(market, trade?.quantity ?? 0n),
    z: quantity(market, order.executed),
    L: price(market, trade?.price ?? 0n),
    ...presentFee(trade),
    T: order.updatedAt,
    t: trade?.id ?? 0,
    b: '0',
    a: '0',
    m: trade?.maker ?? false,
    R: order.reduceOnly,
    wt: 'CONTRACT_PRICE',
    ot: order.origType,
    ps: order.positionSide,
    cp: order.closePosition,
    rp: formatFixed(trade?.realizedPnl ?? 0n),
    pP: false,
    si: 0,
    ss: 0,
    V: 'NONE',
    pm: 'NONE',
    gtd: 0,
  }
}

/** Left out where nothing was traded. */
function presentFee(trade: Trade | undefined): Record<string, unknown> {
  return trade === undefined ? {} : { N: 'USDT', n: formatFixed(trade.fee) }
}

function presentAlgoNews(algo: AlgoOrder, account: Account): Record<string, unknown> {
  const market = marketOf(algo.symbol)
  const made = account.orders.get(algo.actualOrderId)
  return {
    caid: algo.clientAlgoId,
    aid: algo.id,
    at: 'CONDITIONAL',
    o: algo.type,
    s: algo.symbol,
    S: algo.side,
    ps: algo.positionSide,
    f: algo.timeInForce,
    q: quantity(market, algo.quantity),
    X: algo.status,
    ai: made === undefined ? '' : String(made.id),
    ap: made === undefined ? '0' : averagePrice(market, made),
    aq: quantity(market, made?.executed ?? 0n),
    act: made?.type ?? '0',
    tp: price(market, algo.triggerPrice),
    p: price(market, algo.price),
    V: 'EXPIRE_MAKER',
    wt: algo.workingType,
    pm: 'NONE',
    cp: algo.closePosition,
    pP: false,
    R: algo.reduceOnly,
    tt: algo.triggeredAt,
    gtd: 0,
    rm: '',
  }
}

/** Only what has changed: the margin asset, and the positions concerned. */
function presentAccountNews({ reason, change, positions }: Of<'account'>, account: Account, marks: Marks): Record<string, unknown> {
  const isolated = [...account.positions.values()].reduce((sum, position) => sum + position.isolatedWallet, 0n)
  return {
    m: reason,
    B: [{ a: 'USDT', wb: formatFixed(account.wallet), cw: formatFixed(account.wallet - isolated), bc: formatFixed(change) }],
    P: positions.map((position) => presentPositionNews(position, account, marks)),
  }
}

function presentPositionNews(position: Position, account: Account, marks: Marks): Record<string, unknown> {
  const market = marketOf(position.symbol)
  const risk = positionRisk(account, position, marks(position.symbol))
  const realized = account.trades
    .filter(({ symbol, positionSide }) => symbol === position.symbol && positionSide === position.side)
    .reduce((sum, trade) => sum + trade.realizedPnl, 0n)
  return {
    s: position.symbol,
    pa: position.quantity === 0n ? '0' : quantity(market, position.quantity),
    ep: entryPrice(position) === 0n ? '0' : presentEntry(position),
    bep: position.quantity === 0n ? '0' : presentBreakEven(position),
    cr: formatFixed(realized),
    up: formatFixed(risk.unrealized),
    mt: risk.isolated ? 'isolated' : 'cross',
    iw: risk.isolated ? formatFixed(position.isolatedWallet) : '0',
    ps: position.side,
    ma: 'USDT',
  }
}

function averagePrice(market: Market, order: Order): string {
  return order.executed === 0n ? '0' : formatFixed(over(order.executedQuote, order.executed), Math.max(5, market.pricePrecision))
}

function price(market: Market, value: bigint): string {
  return value === 0n ? '0' : formatFixed(value, market.pricePrecision)
}

function quantity(market: Market, value: bigint): string {
  return value === 0n ? '0' : formatFixed(value, market.quantityPrecision)
}

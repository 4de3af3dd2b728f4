import { formatFixed } from '../../engine/fixed.ts'
import { MAKER_FEE, TAKER_FEE } from '../../engine/fees.ts'
import { marksAt } from '../../engine/margin.ts'
import { markets, notionalLimit } from '../../engine/markets.ts'
import type { PositionSide } from '../../engine/state.ts'
import { missing, WireError } from './errors.ts'
import {
  presentAccountV2,
  presentAccountV3,
  presentBalance,
  presentBrackets,
  presentIncome,
  presentPositionsRisk,
  presentSymbolConfig,
} from './present-account.ts'
import { presentTrade } from './present-orders.ts'
import { type Route, signed, type SignedContext } from './route.ts'

const done = { code: 200, msg: 'success' }

export const accountRoutes: readonly Route[] = [
  signed('GET /fapi/v2/account', ({ account, exchange, nowMs }) => presentAccountV2(account, marksAt(exchange.state, nowMs))),
  signed('GET /fapi/v3/account', ({ account, exchange, nowMs }) => presentAccountV3(account, marksAt(exchange.state, nowMs))),
  signed('GET /fapi/v2/balance', ({ account, exchange, nowMs }) => [presentBalance(account, marksAt(exchange.state, nowMs))]),
  signed('GET /fapi/v3/balance', ({ account, exchange, nowMs }) => [presentBalance(account, marksAt(exchange.state, nowMs))]),
  signed('GET /fapi/v2/positionRisk', (context) => positionsRisk(context, 2)),
  signed('GET /fapi/v3/positionRisk', (context) => positionsRisk(context, 3)),
  signed('GET /fapi/v1/leverageBracket', ({ params }) => {
    const market = params.optionalMarket()
    return market === undefined ? markets.map(presentBrackets) : [presentBrackets(market)]
  }),
  signed('GET /fapi/v1/symbolConfig', ({ account, params }) => {
    const market = params.optionalMarket()
    return (market === undefined ? markets : [market]).map((one) => presentSymbolConfig(account, one))
  }),
  signed('GET /fapi/v1/accountConfig', ({ account }) => ({
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    dualSidePosition: account.hedgeMode,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
  })),
  signed('GET /fapi/v1/positionSide/dual', ({ account }) => ({ dualSidePosition: account.hedgeMode })),
  signed('POST /fapi/v1/positionSide/dual', ({ account, exchange, params }) => {
    params.text('dualSidePosition')
    exchange.execute({ type: 'set-position-mode', ref: account.ref, hedgeMode: params.flag('dualSidePosition') })
    return done
  }),
  signed('GET /fapi/v1/multiAssetsMargin', () => ({ multiAssetsMargin: false })),
  signed('POST /fapi/v1/leverage', ({ account, exchange, params }) => {
    const market = params.market()
    const leverage = params.integer('leverage')
    if (leverage === undefined) throw missing('leverage')
    exchange.execute({ type: 'set-leverage', ref: account.ref, symbol: market.symbol, leverage })
    return { symbol: market.symbol, leverage, maxNotionalValue: formatFixed(notionalLimit(market, leverage), 0) }
  }),
  signed('POST /fapi/v1/marginType', ({ account, exchange, params }) => {
    const market = params.market()
    const marginType = params.word('marginType', ['ISOLATED', 'CROSSED'] as const)
    exchange.execute({
      type: 'set-margin-type',
      ref: account.ref,
      symbol: market.symbol,
      marginType: marginType === 'CROSSED' ? 'cross' : 'isolated',
    })
    return done
  }),
  signed('POST /fapi/v1/positionMargin', ({ account, exchange, params }) => {
    const market = params.market()
    const type = params.word('type', ['1', '2'] as const)
    const amount = params.text('amount')
    if (!/^\d+(\.\d+)?$/.test(amount)) throw new WireError(-4055, 'Amount must be positive.')
    const positionSide: PositionSide =
      params.optional('positionSide') === undefined ? 'BOTH' : params.word('positionSide', ['BOTH', 'LONG', 'SHORT'] as const)
    exchange.execute({
      type: 'adjust-margin',
      ref: account.ref,
      symbol: market.symbol,
      positionSide,
      amount: type === '1' ? amount : `-${amount}`,
    })
    return { amount: Number(amount), code: 200, msg: 'Successfully modify position margin.', type: Number(type) }
  }),
  signed('GET /fapi/v1/userTrades', userTrades),
  signed('GET /fapi/v1/income', income),
  signed('GET /fapi/v1/commissionRate', ({ params }) => ({
    symbol: params.market().symbol,
    makerCommissionRate: formatFixed(MAKER_FEE, 6),
    takerCommissionRate: formatFixed(TAKER_FEE, 6),
  })),
]

function positionsRisk({ account, exchange, params, nowMs }: SignedContext, version: 2 | 3): unknown {
  return presentPositionsRisk(account, marksAt(exchange.state, nowMs), { version, market: params.optionalMarket() })
}

const WEEK_MS = 7 * 86_400_000

function userTrades({ account, params, nowMs }: SignedContext): unknown {
  const market = params.market()
  const limit = Math.min(params.integer('limit') ?? 500, 1000)
  const orderId = params.integer('orderId')
  const fromId = params.integer('fromId')
  const { from, to } = range(
    params.integer('startTime'),
    params.integer('endTime'),
    fromId === undefined && orderId === undefined ? WEEK_MS : Infinity,
    nowMs,
  )
  const matching = account.trades.filter(
    (trade) =>
      trade.symbol === market.symbol &&
      (orderId === undefined || trade.orderId === orderId) &&
      (fromId === undefined || trade.id >= fromId) &&
      trade.at >= from &&
      trade.at <= to,
  )
  const forward = fromId !== undefined || params.optional('startTime') !== undefined
  return (forward ? matching.slice(0, limit) : matching.slice(-limit)).map(presentTrade)
}

function income({ account, params, nowMs }: SignedContext): unknown {
  const symbol = params.optionalMarket()?.symbol
  const type = params.optional('incomeType')
  const limit = Math.min(params.integer('limit') ?? 100, 1000)
  const page = Math.max(1, params.integer('page') ?? 1)
  const { from, to } = range(params.integer('startTime'), params.integer('endTime') ?? nowMs, WEEK_MS, nowMs)
  return account.incomes
    .filter(
      (one) =>
        (symbol === undefined || one.symbol === symbol) && (type === undefined || one.type === type) && one.at >= from && one.at <= to,
    )
    .slice((page - 1) * limit, page * limit)
    .map(presentIncome)
}

/** Without a start the last week; a start without an end reaches a week on, or as far as `windowMs` says. */
function range(start: number | undefined, end: number | undefined, windowMs: number, nowMs: number): { from: number; to: number } {
  if (start !== undefined && end !== undefined) return { from: start, to: end }
  if (start !== undefined) return { from: start, to: start + windowMs }
  return { from: (end ?? nowMs) - windowMs, to: end ?? nowMs }
}

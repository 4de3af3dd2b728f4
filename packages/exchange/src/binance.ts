import { AsyncLocalStorage } from 'node:async_hooks'
import { invariant } from '@matic/contracts'
import type { Clock } from '@matic/platform'
import ccxt from 'ccxt'
import { Decimal } from 'decimal.js'
import { Agent, fetch as undiciFetch } from 'undici'
import { classify, type CallContext, type RawAnswer } from './classify.ts'
import type { AccountHandle, ExchangeFill, ExchangeIncome, ExchangeOrder, ExchangeOrderStatus, ExchangePort, ExchangePosition, ExchangeResult, MarketInfo, OrderRequest, Signing } from './port.ts'

type Client = InstanceType<typeof ccxt.binanceusdm>
type CcxtOrder = Awaited<ReturnType<Client['fetchOrder']>>

export interface BinanceOptions {
  exchange: string
  certified: boolean
  /** Where requests really go; the real hosts when left out. */
  baseUrl?: string
  clock: Pick<Clock, 'now'>
  requestTimeoutMs: number
  recvWindowMs: number
  clientsMax?: number
}

export function createBinanceExchange(options: BinanceOptions): ExchangePort {
  const agent = new Agent({ connections: 128, keepAliveTimeout: 30_000, pipelining: 1 })
  const answers = new AsyncLocalStorage<RawAnswer>()
  let offsetMs = 0

  const fetchImplementation = async (url: string, init: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal }) => {
    const source = new URL(url)
    const target = options.baseUrl === undefined ? url : `${options.baseUrl}${source.pathname}${source.search}`
    const raw = answers.getStore()
    if (raw) raw.sent = true
    try {
      const response = await undiciFetch(target, { method: init.method ?? 'GET', headers: init.headers ?? {}, body: init.body ?? null, signal: init.signal ?? null, dispatcher: agent, redirect: 'error' })
      if (raw) {
        raw.status = response.status
        raw.retryAfter = response.headers.get('retry-after')
        raw.body = await response.clone().text()
      }
      return response
    } catch (error) {
      if (raw) raw.transport = transportCode(error)
      throw error
    }
  }

  const settings = () => ({
    enableRateLimit: false,
    timeout: options.requestTimeoutMs,
    fetchImplementation,
    options: { recvWindow: options.recvWindowMs, adjustForTimeDifference: false, fetchCurrencies: false, maxRetriesOnFailure: 0, warnOnFetchOpenOrdersWithoutSymbol: false, timeDifference: -offsetMs },
  })
  const keyless: Client = new ccxt.binanceusdm(settings())
  let loading: Promise<unknown> | undefined
  const clients = new Map<string, { key: string; client: Client }>()

  const loaded = async (): Promise<void> => {
    loading ??= keyless.loadMarkets().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    await loading
  }
  const clientOf = (account: AccountHandle): Client => {
    const known = clients.get(account.accountId)
    clients.delete(account.accountId)
    const client = known?.key === account.credentials.apiKey ? known.client : build(account)
    clients.set(account.accountId, { key: account.credentials.apiKey, client })
    const oldest = clients.keys().next().value
    if (clients.size > (options.clientsMax ?? 2_000) && oldest !== undefined) clients.delete(oldest)
    return client
  }
  const build = (account: AccountHandle): Client => {
    const client = new ccxt.binanceusdm({ ...settings(), apiKey: account.credentials.apiKey, secret: account.credentials.secret })
    client.setMarketsFromExchange(keyless)
    invariant(Number(client.options['maxRetriesOnFailure']) === 0, 'CCXT must not send anything twice')
    return client
  }

  const attempt = async <T>(context: CallContext, work: () => Promise<T>): Promise<ExchangeResult<T>> => {
    const raw: RawAnswer = { sent: false, status: null, retryAfter: null, body: null, transport: null }
    try {
      return { ok: true, value: await answers.run(raw, async () => (await loaded(), (raw.sent = false), work())) }
    } catch (error) {
      return { ok: false, failure: classify(context, raw, error) }
    }
  }
  /** Highest leverage by market id, asked through any account at hand. */
  const readBrackets = async (): Promise<Map<string, number>> => {
    const client = [...clients.values()].at(-1)?.client
    if (client === undefined) return new Map()
    const rows: { symbol: string; brackets: { initialLeverage: number | string }[] }[] = await client.fapiPrivateGetLeverageBracket(signedNow()).catch(() => [])
    return new Map(rows.map((row) => [row.symbol, Math.max(...row.brackets.map((bracket) => Number(bracket.initialLeverage)))]))
  }
  const signedNow = () => ({ timestamp: Math.round(options.clock.now() + offsetMs), recvWindow: options.recvWindowMs })
  const pinned = (signing: Signing) => ({ timestamp: signing.timestampMs, recvWindow: signing.recvWindowMs })

  return {
    exchange: options.exchange,
    capabilities: {
      certified: options.certified,
      attachedProtection: false,
      closePositionTriggers: true,
      reduceOnlyInHedgeMode: false,
      trailing: 'percent',
      clientOrderIdUniqueness: 'open-orders',
      clientOrderIdMaxLength: 36,
      maxRecvWindowMs: 60_000,
      takerFeeFraction: '0.0005',
      makerFeeFraction: '0.0002',
    },
    measureClock: () =>
      attempt('read', async () => {
        const before = options.clock.now()
        const serverMs = Number(await keyless.fetchTime())
        const after = options.clock.now()
        offsetMs = serverMs - (before + after) / 2
        return { offsetMs, errorMs: (after - before) / 2 }
      }),
    loadMarkets: () =>
      attempt('read', async () => {
        await keyless.loadMarkets(true)
        loading = Promise.resolve()
        const brackets = await readBrackets()
        return Object.values(keyless.markets ?? {}).flatMap((market) => (market?.swap === true && market.quote === 'USDT' ? [presentMarket(market, brackets.get(market.id))] : []))
      }),
    fetchMarks: () =>
      attempt('read', async () => {
        const rows: { symbol: string; markPrice: string; time: number }[] = await keyless.fapiPublicGetPremiumIndex()
        const marks: Record<string, string> = {}
        for (const row of rows) {
          const symbol = keyless.markets_by_id?.[row.symbol]?.[0]?.symbol
          if (symbol !== undefined) marks[symbol] = plain(row.markPrice)
        }
        return { atMs: Math.max(0, ...rows.map((row) => Number(row.time))), marks }
      }),
    fetchCandles: ({ symbol, interval, limit }) =>
      attempt('read', async () => {
        const rows: string[][] = await keyless.fapiPublicGetKlines({ symbol: keyless.market(symbol).id, interval, limit })
        return rows.map((row) => ({ startMs: Number(row[0]), open: plain(row[1]), high: plain(row[2]), low: plain(row[3]), close: plain(row[4]), volume: plain(row[5]) }))
      }),
    createOrder: (account, order, signing) =>
      attempt(order.reduceOnly || order.closePosition ? 'close' : 'order', async () => {
        const client = clientOf(account)
        checkQuantised(client, order)
        return presentOrder(client, await client.createOrder(order.symbol, order.type === 'limit' ? 'limit' : 'market', order.side, amountOf(order.quantityBase), order.price === null ? undefined : Number(order.price), { ...orderParams(account, order), ...pinned(signing) }))
      }),
    cancelOrder: (account, order, signing) =>
      attempt('cancel', async () => {
        await clientOf(account).cancelOrder('', order.symbol, { clientOrderId: order.clientOrderId, ...(order.isTrigger ? { trigger: true } : {}), ...(signing === undefined ? signedNow() : pinned(signing)) })
        return null
      }),
    findOrder: (account, order) =>
      attempt('lookup', async () => {
        const client = clientOf(account)
        return presentOrder(client, await client.fetchOrder('', order.symbol, { clientOrderId: order.clientOrderId, ...(order.isTrigger ? { trigger: true } : {}), ...signedNow() }))
      }),
    fetchOpenOrders: (account, symbol) =>
      attempt('read', async () => {
        const client = clientOf(account)
        const [plainOrders, triggers] = await Promise.all([client.fetchOpenOrders(symbol, undefined, undefined, signedNow()), client.fetchOpenOrders(symbol, undefined, undefined, { trigger: true, ...signedNow() })])
        return [...plainOrders, ...triggers].map((order) => presentOrder(client, order))
      }),
    fetchPositions: (account) =>
      attempt('read', async () => {
        const client = clientOf(account)
        const rows: Record<string, string>[] = await client.fapiPrivateV3GetPositionRisk(signedNow())
        const symbolConfig: Record<string, string>[] = rows.some((row) => row['leverage'] === undefined) && rows.length > 0 ? await client.fapiPrivateGetSymbolConfig(signedNow()) : []
        return rows.flatMap((row) => presentPosition(client, row, symbolConfig))
      }),
    fetchBalance: (account) =>
      attempt('read', async () => {
        const row: Record<string, string> = await clientOf(account).fapiPrivateV3GetAccount(signedNow())
        return {
          walletBalance: plain(row['totalWalletBalance']),
          available: plain(row['availableBalance']),
          unrealizedPnl: plain(row['totalUnrealizedProfit']),
          equity: plain(row['totalMarginBalance']),
          marginUsed: plain(row['totalInitialMargin']),
        }
      }),
    fetchFills: (account, { symbol, sinceMs }) =>
      attempt('read', async () => {
        const client = clientOf(account)
        const rows: Record<string, string>[] = await client.fapiPrivateGetUserTrades({ symbol: client.market(symbol).id, startTime: Math.floor(sinceMs), limit: 1_000, ...signedNow() })
        return rows.map((row): ExchangeFill => ({ tradeId: String(row['id']), exchangeOrderId: String(row['orderId']), symbol, side: row['side'] === 'BUY' ? 'buy' : 'sell', quantityBase: plain(row['qty']), price: plain(row['price']), fee: plain(row['commission']), feeCurrency: row['commissionAsset'] ?? 'USDT', realizedPnl: plain(row['realizedPnl']), atMs: Number(row['time']) }))
      }),
    fetchIncome: (account, { sinceMs }) =>
      attempt('read', async () => {
        const client = clientOf(account)
        const rows: Record<string, string>[] = await client.fapiPrivateGetIncome({ startTime: Math.floor(sinceMs), limit: 1_000, ...signedNow() })
        return rows.map((row): ExchangeIncome => ({ venueId: String(row['tranId']), type: incomeType(row['incomeType']), amount: plain(row['income']), currency: row['asset'] ?? 'USDT', symbol: client.markets_by_id?.[row['symbol'] ?? '']?.[0]?.symbol ?? null, atMs: Number(row['time']) }))
      }),
    setLeverage: (account, { symbol, leverage }) =>
      setUp(() => attempt('setup', async () => (await clientOf(account).setLeverage(leverage, symbol, signedNow()), null))),
    setMarginMode: (account, { symbol, marginMode }) =>
      setUp(() => attempt('setup', async () => (await clientOf(account).setMarginMode(marginMode, symbol, signedNow()), null))),
    fetchPositionMode: (account) =>
      attempt('read', async () => {
        const row: Record<string, unknown> = await clientOf(account).fapiPrivateGetPositionSideDual(signedNow())
        return String(row['dualSidePosition']) === 'true' ? 'HEDGE' : 'ONE_WAY'
      }),
    forget: (accountId) => void clients.delete(accountId),
    close: () => agent.close(),
  }
}

function setUp(call: () => Promise<ExchangeResult<null>>): Promise<ExchangeResult<null>> {
  return call().then((result) => (!result.ok && result.failure.verdict === 'NO_OP' ? { ok: true, value: null } : result))
}

function orderParams(account: AccountHandle, order: OrderRequest): Record<string, unknown> {
  const id = { newClientOrderId: order.clientOrderId }
  const side = account.positionMode === 'HEDGE' ? { positionSide: order.positionSide } : {}
  if (order.type === 'stop-market' || order.type === 'take-profit-market') {
    invariant(order.closePosition && order.triggerPrice !== null, 'Triggers close whatever is there')
    const price = order.type === 'stop-market' ? { stopLossPrice: Number(order.triggerPrice) } : { takeProfitPrice: Number(order.triggerPrice) }
    return { ...id, ...side, ...price, closePosition: true, workingType: 'MARK_PRICE' }
  }
  return { ...id, ...side, ...(order.reduceOnly && account.positionMode === 'ONE_WAY' ? { reduceOnly: true } : {}), ...(order.type === 'limit' ? { timeInForce: 'GTC' } : {}) }
}

function amountOf(quantityBase: string | null): number {
  return quantityBase === null ? 0 : Number(quantityBase)
}

/** Rounding happens where the size is decided; a number that CCXT would still change is refused. */
function checkQuantised(client: Client, order: OrderRequest): void {
  invariant(order.clientOrderId.length > 0 && order.clientOrderId.length <= 36, 'Every order carries our id')
  if (order.quantityBase !== null) invariant(new Decimal(client.amountToPrecision(order.symbol, Number(order.quantityBase)) ?? Number.NaN).eq(order.quantityBase), `${order.quantityBase} is off the step of ${order.symbol}`)
  for (const price of [order.price, order.triggerPrice]) if (price !== null) invariant(new Decimal(client.priceToPrecision(order.symbol, Number(price)) ?? Number.NaN).eq(price), `${price} is off the tick of ${order.symbol}`)
}

const STATUS: Readonly<Record<string, ExchangeOrderStatus>> = { NEW: 'open', PARTIALLY_FILLED: 'partial', FILLED: 'filled', FINISHED: 'filled', TRIGGERED: 'filled', TRIGGERING: 'open', CANCELED: 'canceled', EXPIRED: 'expired', EXPIRED_IN_MATCH: 'expired', REJECTED: 'rejected' }
const TYPES: Readonly<Record<string, ExchangeOrder['type']>> = { MARKET: 'market', LIMIT: 'limit', STOP_MARKET: 'stop-market', STOP: 'stop-market', TAKE_PROFIT_MARKET: 'take-profit-market', TAKE_PROFIT: 'take-profit-market' }

function presentOrder(client: Client, order: CcxtOrder): ExchangeOrder {
  const info: Record<string, string | boolean | undefined> = order.info
  const isTrigger = info['algoId'] !== undefined
  const type = TYPES[String(isTrigger ? info['orderType'] : (info['type'] ?? 'MARKET'))] ?? 'market'
  const positionSide = info['positionSide']
  return {
    clientOrderId: String(info['clientAlgoId'] ?? info['clientOrderId'] ?? ''),
    exchangeOrderId: String(info['algoId'] ?? info['orderId'] ?? ''),
    symbol: order.symbol ?? client.markets_by_id?.[String(info['symbol'])]?.[0]?.symbol ?? '',
    side: info['side'] === 'BUY' ? 'buy' : 'sell',
    positionSide: positionSide === 'LONG' || positionSide === 'SHORT' ? positionSide : 'BOTH',
    type,
    status: STATUS[String(isTrigger ? info['algoStatus'] : info['status'])] ?? 'open',
    quantityBase: String(info['closePosition']) === 'true' ? null : plain(String(info['origQty'] ?? info['quantity'] ?? '0')),
    filledBase: plain(String(info['executedQty'] ?? '0')),
    averagePrice: positive(info['avgPrice']),
    price: positive(info['price']),
    triggerPrice: positive(info['triggerPrice'] ?? info['stopPrice']),
    reduceOnly: String(info['reduceOnly']) === 'true',
    closePosition: String(info['closePosition']) === 'true',
    isTrigger,
    updatedAtMs: Number(info['updateTime'] ?? 0),
  }
}

function presentPosition(client: Client, row: Record<string, string>, configs: readonly Record<string, string>[]): ExchangePosition[] {
  const amount = new Decimal(row['positionAmt'] ?? 0)
  const symbol = client.markets_by_id?.[row['symbol'] ?? '']?.[0]?.symbol
  if (amount.isZero() || symbol === undefined) return []
  const config = configs.find((candidate) => candidate['symbol'] === row['symbol'])
  const leverage = Number(row['leverage'] ?? config?.['leverage'] ?? Number.NaN)
  const marginType = (row['marginType'] ?? config?.['marginType'] ?? '').toLowerCase()
  const side = row['positionSide']
  const isolated = marginType === 'isolated'
  return [
    {
      symbol,
      positionSide: side === 'LONG' || side === 'SHORT' ? side : 'BOTH',
      side: amount.gt(0) ? 'LONG' : 'SHORT',
      quantityBase: amount.abs().toFixed(),
      entryPrice: plain(row['entryPrice']),
      markPrice: plain(row['markPrice']),
      liquidationPrice: positive(row['liquidationPrice']),
      leverage: Number.isFinite(leverage) ? leverage : null,
      marginMode: marginType === '' ? null : isolated ? 'isolated' : 'cross',
      margin: plain(isolated ? row['isolatedMargin'] : (row['initialMargin'] ?? row['positionInitialMargin'])),
      unrealizedPnl: plain(row['unRealizedProfit']),
    },
  ]
}

/** Brackets are told to key holders only; until one has asked, what every perpetual allows. */
const LEVERAGE_WITHOUT_BRACKETS = 20

function presentMarket(market: NonNullable<NonNullable<Client['markets']>[string]>, maxLeverage: number | undefined): MarketInfo {
  return {
    symbol: market.symbol,
    marketId: market.id,
    base: market.base,
    quote: market.quote,
    tickSize: new Decimal(market.precision.price ?? 0).toFixed(),
    stepSize: new Decimal(market.precision.amount ?? 0).toFixed(),
    minQuantity: new Decimal(market.limits.amount?.min ?? 0).toFixed(),
    maxQuantity: market.limits.market?.max === undefined ? null : new Decimal(market.limits.market.max).toFixed(),
    minNotional: new Decimal(market.limits.cost?.min ?? 0).toFixed(),
    maxLeverage: maxLeverage ?? LEVERAGE_WITHOUT_BRACKETS,
    contractSize: new Decimal(market.contractSize ?? 1).toFixed(),
    active: market.active !== false,
  }
}

function incomeType(type: string | undefined): ExchangeIncome['type'] {
  switch (type) {
    case 'TRANSFER':
    case 'COMMISSION':
    case 'FUNDING_FEE':
    case 'REALIZED_PNL':
    case 'INSURANCE_CLEAR':
      return type
    default:
      return 'OTHER'
  }
}

function plain(text: string | undefined): string {
  return new Decimal(text === undefined || text === '' ? 0 : text).toFixed()
}

function positive(value: string | boolean | undefined): string | null {
  if (typeof value !== 'string' || value === '') return null
  const decimal = new Decimal(value)
  return decimal.gt(0) ? decimal.toFixed() : null
}

function transportCode(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : cause instanceof Error ? cause.name : 'unknown'
}

import { AsyncLocalStorage } from 'node:async_hooks'
import { invariant } from '@matic/contracts'
import ccxt from 'ccxt'
import { Agent, fetch as undiciFetch } from 'undici'
import { classify, type CallContext, type RawAnswer } from './classify.ts'
import { amountOf, checkQuantised, orderParams } from './order-request.ts'
import type { AccountHandle, ExchangeFill, ExchangeIncome, ExchangePort, ExchangeResult, Signing } from './port.ts'
import { incomeType, plain, presentMarket, presentOrder, presentPosition, type Client } from './present.ts'

export interface BinanceOptions {
  exchange: string
  certified: boolean
  /** Where requests really go; the real hosts when left out. */
  baseUrl?: string
  /** Epoch ms, ours. */
  clock: { now(): number }
  requestTimeoutMs: number
  recvWindowMs: number
  clientsMax?: number
}

/**
 * Binance USDⓈ-M futures through stock CCXT: markets loaded once and shared, a bounded pool of keyed clients, one connection pool. With a
 * `baseUrl` the host is replaced on the way out, so that adapter and error mapping are the same for the venue as for the real exchange.
 */
export function createBinanceExchange(options: BinanceOptions): ExchangePort {
  const agent = new Agent({ connections: 128, keepAliveTimeout: 30_000, pipelining: 1 })
  const answers = new AsyncLocalStorage<RawAnswer>()
  let offsetMs = 0

  const fetchImplementation = async (
    url: string,
    init: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal },
  ) => {
    const source = new URL(url)
    const target = options.baseUrl === undefined ? url : `${options.baseUrl}${source.pathname}${source.search}`
    const raw = answers.getStore()
    if (raw) raw.sent = true
    try {
      const response = await undiciFetch(target, {
        method: init.method ?? 'GET',
        headers: init.headers ?? {},
        body: init.body ?? null,
        signal: init.signal ?? null,
        dispatcher: agent,
        redirect: 'error',
      })
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
    options: {
      recvWindow: options.recvWindowMs,
      adjustForTimeDifference: false,
      fetchCurrencies: false,
      maxRetriesOnFailure: 0,
      warnOnFetchOpenOrdersWithoutSymbol: false,
      timeDifference: -offsetMs,
    },
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
    const rows: { symbol: string; brackets: { initialLeverage: number | string }[] }[] = await client
      .fapiPrivateGetLeverageBracket(signedNow())
      .catch(() => [])
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
        return Object.values(keyless.markets ?? {}).flatMap((market) =>
          market?.swap === true && market.quote === 'USDT' ? [presentMarket(market, brackets.get(market.id))] : [],
        )
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
        return rows.map((row) => ({
          startMs: Number(row[0]),
          open: plain(row[1]),
          high: plain(row[2]),
          low: plain(row[3]),
          close: plain(row[4]),
          volume: plain(row[5]),
        }))
      }),
    createOrder: (account, order, signing) =>
      attempt(order.reduceOnly || order.closePosition ? 'close' : 'order', async () => {
        const client = clientOf(account)
        checkQuantised(client, order)
        return presentOrder(
          client,
          await client.createOrder(
            order.symbol,
            order.type === 'limit' ? 'limit' : 'market',
            order.side,
            amountOf(order.quantityBase),
            order.price === null ? undefined : Number(order.price),
            { ...orderParams(account, order), ...pinned(signing) },
          ),
        )
      }),
    cancelOrder: (account, order, signing) =>
      attempt('cancel', async () => {
        await clientOf(account).cancelOrder('', order.symbol, {
          clientOrderId: order.clientOrderId,
          ...(order.isTrigger ? { trigger: true } : {}),
          ...(signing === undefined ? signedNow() : pinned(signing)),
        })
        return null
      }),
    findOrder: (account, order) =>
      attempt('lookup', async () => {
        const client = clientOf(account)
        return presentOrder(
          client,
          await client.fetchOrder('', order.symbol, {
            clientOrderId: order.clientOrderId,
            ...(order.isTrigger ? { trigger: true } : {}),
            ...signedNow(),
          }),
        )
      }),
    fetchOpenOrders: (account, symbol) =>
      attempt('read', async () => {
        const client = clientOf(account)
        const [plainOrders, triggers] = await Promise.all([
          client.fetchOpenOrders(symbol, undefined, undefined, signedNow()),
          client.fetchOpenOrders(symbol, undefined, undefined, { trigger: true, ...signedNow() }),
        ])
        return [...plainOrders, ...triggers].map((order) => presentOrder(client, order))
      }),
    fetchPositions: (account) =>
      attempt('read', async () => {
        const client = clientOf(account)
        const rows: Record<string, string>[] = await client.fapiPrivateV3GetPositionRisk(signedNow())
        const symbolConfig: Record<string, string>[] = rows.some((row) => row['leverage'] === undefined)
          ? await client.fapiPrivateGetSymbolConfig(signedNow())
          : []
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
        const rows: Record<string, string>[] = await client.fapiPrivateGetUserTrades({
          symbol: client.market(symbol).id,
          startTime: Math.floor(sinceMs),
          limit: 1_000,
          ...signedNow(),
        })
        return rows.map((row): ExchangeFill => ({
          tradeId: String(row['id']),
          exchangeOrderId: String(row['orderId']),
          symbol,
          side: row['side'] === 'BUY' ? 'buy' : 'sell',
          quantityBase: plain(row['qty']),
          price: plain(row['price']),
          fee: plain(row['commission']),
          feeCurrency: row['commissionAsset'] ?? 'USDT',
          realizedPnl: plain(row['realizedPnl']),
          atMs: Number(row['time']),
        }))
      }),
    fetchIncome: (account, { sinceMs }) =>
      attempt('read', async () => {
        const client = clientOf(account)
        const rows: Record<string, string>[] = await client.fapiPrivateGetIncome({
          startTime: Math.floor(sinceMs),
          limit: 1_000,
          ...signedNow(),
        })
        return rows.map((row): ExchangeIncome => ({
          venueId: String(row['tranId']),
          type: incomeType(row['incomeType']),
          amount: plain(row['income']),
          currency: row['asset'] ?? 'USDT',
          symbol: client.markets_by_id?.[row['symbol'] ?? '']?.[0]?.symbol ?? null,
          atMs: Number(row['time']),
        }))
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

function transportCode(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : cause instanceof Error
      ? cause.name
      : 'unknown'
}

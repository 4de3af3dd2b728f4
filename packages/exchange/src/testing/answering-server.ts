import http, { type IncomingMessage } from 'node:http'
import { createBinanceExchange } from '../binance/exchange.ts'
import type { AccountHandle, ExchangePort, OrderRequest } from '../port.ts'

export interface SeenRequest {
  method: string
  path: string
  query: URLSearchParams
  /** Query and body as they were signed. */
  signed: string
  apiKey: string
  userAgent: string
  contentType: string
}

export interface Answer {
  status: number
  body: string
  headers?: Record<string, string>
}

/** A server that answers the exchange's public calls and lets a test answer the rest. */
export interface AnsweringServer {
  readonly url: string
  readonly seen: SeenRequest[]
  answerWith(answer: (request: SeenRequest) => Answer | 'hang' | 'reset'): void
  close(): Promise<void>
}

const SYMBOL = {
  symbol: 'BTCUSDT',
  pair: 'BTCUSDT',
  contractType: 'PERPETUAL',
  deliveryDate: 4_133_404_800_000,
  onboardDate: 1_569_398_400_000,
  status: 'TRADING',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  marginAsset: 'USDT',
  pricePrecision: 1,
  quantityPrecision: 3,
  baseAssetPrecision: 8,
  quotePrecision: 8,
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.1', maxPrice: '1000000', tickSize: '0.1' },
    { filterType: 'LOT_SIZE', stepSize: '0.001', minQty: '0.001', maxQty: '1000' },
    { filterType: 'MARKET_LOT_SIZE', stepSize: '0.001', minQty: '0.001', maxQty: '120' },
    { filterType: 'MIN_NOTIONAL', notional: '100' },
  ],
  orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'],
  timeInForce: ['GTC'],
}

export async function startAnsweringServer(): Promise<AnsweringServer> {
  const seen: SeenRequest[] = []
  let answer: (request: SeenRequest) => Answer | 'hang' | 'reset' = filledOrder

  const server = http.createServer((incoming, outgoing) => {
    void readAll(incoming).then((body) => {
      const url = new URL(incoming.url ?? '/', 'http://exchange')
      if (url.pathname === '/fapi/v1/exchangeInfo')
        return outgoing.end(
          JSON.stringify({ timezone: 'UTC', serverTime: Date.now(), rateLimits: [], exchangeFilters: [], symbols: [SYMBOL] }),
        )
      const signed = [url.search.slice(1), body].filter((part) => part !== '').join('&')
      const request: SeenRequest = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: new URLSearchParams(signed),
        signed,
        apiKey: incoming.headers['x-mbx-apikey']?.toString() ?? '',
        userAgent: incoming.headers['user-agent'] ?? '',
        contentType: incoming.headers['content-type'] ?? '',
      }
      seen.push(request)
      const said = answer(request)
      if (said === 'hang') return undefined
      if (said === 'reset') return incoming.socket.destroy()
      return outgoing.writeHead(said.status, { 'content-type': 'application/json', ...said.headers }).end(said.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    answerWith(next) {
      answer = next
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export function filledOrder(request: SeenRequest): Answer {
  const body = {
    orderId: 1,
    symbol: 'BTCUSDT',
    status: 'FILLED',
    clientOrderId: request.query.get('newClientOrderId'),
    price: '0',
    avgPrice: '50000.0',
    origQty: '0.010',
    executedQty: '0.010',
    cumQuote: '500',
    timeInForce: 'GTC',
    type: 'MARKET',
    reduceOnly: false,
    closePosition: false,
    side: 'BUY',
    positionSide: 'BOTH',
    stopPrice: '0',
    origType: 'MARKET',
    updateTime: Date.now(),
  }
  return { status: 200, body: JSON.stringify(body) }
}

export function exchangeAt(url: string, options: { requestTimeoutMs?: number; streamSilenceMs?: number } = {}): ExchangePort {
  return createBinanceExchange({
    exchange: 'PAPER',
    certified: true,
    baseUrl: url,
    clock: { now: () => Date.now() },
    requestTimeoutMs: 2_000,
    recvWindowMs: 3_000,
    streamSilenceMs: 10_000,
    ...options,
  })
}

export function accountOf(name: string): AccountHandle {
  return { accountId: name, credentials: { apiKey: `key-${name}`, secret: `secret-${name}` }, positionMode: 'ONE_WAY' }
}

export function marketOrder(clientOrderId: string, change: Partial<OrderRequest> = {}): OrderRequest {
  return {
    clientOrderId,
    symbol: 'BTC/USDT:USDT',
    side: 'buy',
    positionSide: 'BOTH',
    type: 'market',
    quantityBase: '0.01',
    price: null,
    triggerPrice: null,
    reduceOnly: false,
    closePosition: false,
    ...change,
  }
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

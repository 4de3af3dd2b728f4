import type { CandleStore } from '../../engine/candles.ts'
import type { Exchange } from '../../exchange.ts'
import { accountRoutes } from './account-routes.ts'
import { algoRoutes } from './algo-routes.ts'
import { toWireError, WireError } from './errors.ts'
import type { ListenKeys } from './listen-keys.ts'
import { listenKeyRoutes } from './listen-key-routes.ts'
import { marketRoutes } from './market-routes.ts'
import { orderRoutes } from './order-routes.ts'
import { paramsOf, type WireRequest } from './request.ts'
import type { Route, Twists } from './route.ts'
import { authenticate, checkSigned } from './signature.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface Binance {
  /** Executes at once; the answer may leave only when the exchange has settled. */
  answer(request: WireRequest, twists: Twists & { skewMs: number; revoked: boolean }): Answer
}

export function createBinance({
  exchange,
  candles,
  listenKeys,
  onBug,
}: {
  exchange: Exchange
  candles: CandleStore
  listenKeys: ListenKeys
  onBug: (error: unknown) => void
}): Binance {
  const routes = new Map<string, Route>(
    [...marketRoutes, ...accountRoutes, ...orderRoutes, ...algoRoutes, ...listenKeyRoutes].map((route) => [route.key, route]),
  )

  return {
    answer(request, { skewMs, revoked, ...twists }) {
      const route = routes.get(`${request.method} ${request.path}`)
      if (route === undefined)
        return { status: 404, body: { code: -5000, msg: `Path ${request.path}, Method ${request.method} is invalid` } }
      const nowMs = exchange.now() + skewMs
      const params = paramsOf(request.params)
      try {
        if (route.access === 'open') return { status: 200, body: route.handle({ exchange, candles, params, nowMs, twists }) }
        const account = authenticate(exchange.state, request)
        if (revoked) throw new WireError(-2015, 'Invalid API-key, IP, or permissions for action.', 401)
        if (route.access === 'key') return { status: 200, body: route.handle({ account, listenKeys, nowMs }) }
        checkSigned(request, account, nowMs)
        return { status: 200, body: route.handle({ exchange, candles, params, nowMs, twists, account }) }
      } catch (error) {
        const problem = toWireError(error)
        if (problem !== undefined) return { status: problem.status, body: { code: problem.code, msg: problem.message } }
        onBug(error)
        return { status: 500, body: { code: -1000, msg: 'An unknown error occurred while processing the request.' } }
      }
    },
  }
}

import { getKlines, getMarket, getTicker as tickerRoute, listMarkets as listRoute } from '@matic/contracts'
import { findMarket, getTicker, listMarkets } from '@matic/services/markets-read/index'
import { mountPublic } from '../http/mount.ts'

export const marketRoutes = [
  mountPublic(listRoute, async ({ ctx }) => ({ data: await listMarkets({ db: ctx.db }) })),
  mountPublic(getMarket, async ({ ctx, params }) => ({ data: await findMarket({ db: ctx.db, symbol: params.symbol }) })),
  mountPublic(tickerRoute, async ({ ctx, params }) => ({ data: await getTicker({ ctx, input: { symbol: params.symbol } }) })),
  mountPublic(getKlines, async ({ ctx, params, query }) => ({
    data: await ctx.klines.read({ symbol: params.symbol, interval: query.interval, limit: query.limit }),
  })),
]

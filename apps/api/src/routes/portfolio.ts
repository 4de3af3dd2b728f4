import {
  exportTrades as exportTradesRoute,
  exportWalletHistory,
  getPortfolio as portfolioRoute,
  getPortfolioHistory,
  getPortfolioMetrics,
  getWallet as walletRoute,
  getWalletCurrency,
  getWalletHistory,
  listTrades as tradesRoute,
} from '@matic/contracts'
import { getHistory, getMetrics, getPortfolio } from '@matic/services/portfolio/index'
import { exportTrades, listTrades } from '@matic/services/trades/index'
import { exportLedger, getWallet, listLedger } from '@matic/services/wallet/index'
import { mount } from '../http/mount.ts'

export const portfolioRoutes = [
  mount(tradesRoute, async ({ ctx, actor, query }) => {
    const { trades, meta } = await listTrades({ db: ctx.db, input: { ...query, userId: actor.userId } })
    return { data: trades, meta }
  }),
  mount(exportTradesRoute, async ({ ctx, actor, query }) => ({
    data: await exportTrades({ db: ctx.db, input: { ...query, userId: actor.userId } }),
    fileName: 'trades.csv',
  })),

  mount(portfolioRoute, async ({ ctx, actor, query }) => ({
    data: await getPortfolio({ ctx, input: { userId: actor.userId, accountId: query.accountId } }),
  })),
  mount(getPortfolioHistory, async ({ ctx, actor, query }) => {
    const { accountId, step, from, to, page, limit } = query
    const { points, meta } = await getHistory({ ctx, input: { userId: actor.userId, accountId, step, from, to, page, limit } })
    return { data: points, meta }
  }),
  mount(getPortfolioMetrics, async ({ ctx, actor, query }) => ({
    data: await getMetrics({ ctx, input: { ...query, userId: actor.userId } }),
  })),

  mount(walletRoute, async ({ ctx, actor, query }) => ({
    data: await getWallet({ db: ctx.db, input: { userId: actor.userId, accountId: query.accountId } }),
  })),
  mount(getWalletHistory, async ({ ctx, actor, query }) => {
    const { entries, meta } = await listLedger({ db: ctx.db, input: { ...query, userId: actor.userId } })
    return { data: entries, meta }
  }),
  mount(exportWalletHistory, async ({ ctx, actor, query }) => ({
    data: await exportLedger({ db: ctx.db, input: { ...query, userId: actor.userId } }),
    fileName: 'ledger.csv',
  })),
  // After its neighbours, whose names it would take for a currency.
  mount(getWalletCurrency, async ({ ctx, actor, params, query }) => ({
    data: await getWallet({ db: ctx.db, input: { userId: actor.userId, accountId: query.accountId, currency: params.currency } }),
  })),
]

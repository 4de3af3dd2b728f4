import { deepEqual, equal, ok } from 'node:assert/strict'
import { Decimal } from 'decimal.js'
import { close, failure, MARK, place, request, send, value, type ConformanceCase } from './kit.ts'

export const accountCases: readonly ConformanceCase[] = [
  {
    name: 'a position says entry, mark, leverage, margin and where it would be liquidated',
    async run(rig) {
      const account = await rig.openAccount()
      await value(rig.port.setLeverage(account, { symbol: rig.symbol, leverage: 10 }))
      await value(rig.port.setMarginMode(account, { symbol: rig.symbol, marginMode: 'isolated' }))
      const order = await place(rig, account, {})
      const [position] = await value(rig.port.fetchPositions(account))
      equal(position?.symbol, rig.symbol)
      equal(position?.side, 'LONG')
      equal(position?.positionSide, 'BOTH')
      equal(position?.leverage, 10)
      equal(position?.marginMode, 'isolated')
      ok(new Decimal(position?.entryPrice ?? 0).eq(order.averagePrice ?? 1))
      ok(new Decimal(position?.markPrice ?? 0).eq(MARK))
      ok(
        new Decimal(position?.liquidationPrice ?? 0).lt(MARK) &&
          new Decimal(position?.liquidationPrice ?? 0).gt(new Decimal(MARK).mul('0.85')),
      )
      ok(new Decimal(position?.margin ?? 0).sub('60').abs().lt(2))
    },
  },
  {
    name: 'balance adds up',
    async run(rig) {
      const account = await rig.openAccount()
      const fresh = await value(rig.port.fetchBalance(account))
      ok(new Decimal(fresh.equity).eq('10000'))
      await place(rig, account, {})
      const held = await value(rig.port.fetchBalance(account))
      ok(new Decimal(held.equity).eq(new Decimal(held.walletBalance).add(held.unrealizedPnl)))
      ok(new Decimal(held.marginUsed).gt(0) && new Decimal(held.available).lt(held.equity))
    },
  },
  {
    name: 'fills come oldest first with fee and realised PnL, and from the time asked',
    async run(rig) {
      const account = await rig.openAccount()
      const startMs = rig.nowMs() - 1_000
      const opened = await place(rig, account, {})
      const closed = await place(rig, account, close())
      const fills = await value(rig.port.fetchFills(account, { symbol: rig.symbol, sinceMs: startMs }))
      deepEqual([...new Set(fills.map((fill) => fill.exchangeOrderId))], [opened.exchangeOrderId, closed.exchangeOrderId])
      deepEqual([...new Set(fills.map((fill) => fill.side))], ['buy', 'sell'])
      ok(fills.every((fill) => new Decimal(fill.fee).gt(0) && fill.feeCurrency === 'USDT'))
      ok(fills.some((fill) => !new Decimal(fill.realizedPnl ?? 0).isZero()))
      equal(new Set(fills.map((fill) => fill.tradeId)).size, fills.length)
      deepEqual(await value(rig.port.fetchFills(account, { symbol: rig.symbol, sinceMs: rig.nowMs() + 1_000 })), [])
    },
  },
  {
    name: 'fills of long ago do not hide those of today',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      equal((await value(rig.port.fetchFills(account, { symbol: rig.symbol, sinceMs: rig.nowMs() - 30 * 86_400_000 }))).length > 0, true)
    },
  },
  {
    name: 'what the exchange takes by force is told from what was ordered',
    async run(rig) {
      const account = await rig.openAccount()
      await value(rig.port.setLeverage(account, { symbol: rig.symbol, leverage: 50 }))
      await value(rig.port.setMarginMode(account, { symbol: rig.symbol, marginMode: 'isolated' }))
      const since = { symbol: rig.symbol, sinceMs: rig.nowMs() - 1_000 }
      const opened = await place(rig, account, {})
      deepEqual(await value(rig.port.fetchForcedOrders(account, since)), [])
      await rig.setMark(new Decimal(MARK).mul('0.97').toFixed())
      const taken = (await value(rig.port.fetchFills(account, since))).filter((fill) => fill.exchangeOrderId !== opened.exchangeOrderId)
      equal(taken.length > 0, true)
      deepEqual(await value(rig.port.fetchForcedOrders(account, since)), [...new Set(taken.map((fill) => fill.exchangeOrderId))])
    },
  },
  {
    name: 'income explains the wallet to the last digit',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      await place(rig, account, close())
      const income = await value(rig.port.fetchIncome(account, { sinceMs: rig.nowMs() - 60_000 }))
      const { walletBalance } = await value(rig.port.fetchBalance(account))
      const sum = income.reduce((total, one) => total.add(one.amount), new Decimal(0))
      ok(sum.eq(walletBalance), `${sum} explained of ${walletBalance}`)
      ok(['TRANSFER', 'COMMISSION', 'REALIZED_PNL'].every((type) => income.some((one) => one.type === type)))
      equal(new Set(income.map((one) => `${one.type} ${one.venueId}`)).size, income.length)
    },
  },
  {
    name: 'leverage and margin mode that stand already count as set',
    async run(rig) {
      const account = await rig.openAccount()
      for (const marginMode of ['isolated', 'isolated', 'cross'] as const)
        equal(await value(rig.port.setMarginMode(account, { symbol: rig.symbol, marginMode })), null)
      for (const leverage of [5, 5]) equal(await value(rig.port.setLeverage(account, { symbol: rig.symbol, leverage })), null)
    },
  },
  {
    name: 'the position mode is read',
    async run(rig) {
      equal(await value(rig.port.fetchPositionMode(await rig.openAccount())), 'ONE_WAY')
    },
  },
  {
    name: 'a key check tells the mode, the funds, what is open and the clock',
    async run(rig) {
      const account = await rig.openAccount()
      const fresh = await value(rig.port.probeAccount(account))
      equal(fresh.positionMode, 'ONE_WAY')
      equal(fresh.holdsFutures, true)
      equal(fresh.openPositions, 0)
      equal(fresh.equity, (await value(rig.port.fetchBalance(account))).equity)
      ok(fresh.clockOffsetMs !== null && Math.abs(fresh.clockOffsetMs) < 5_000)
      await place(rig, account, {})
      equal((await value(rig.port.probeAccount(account))).openPositions, 1)
      const refused = await failure(rig.port.probeAccount({ ...account, credentials: { ...account.credentials, secret: 'wrong' } }))
      equal(refused.verdict, 'AUTH')
    },
  },
  {
    name: 'a key check tells whose account it is, the same each time and another for another account',
    async run(rig) {
      const [one, other] = [await rig.openAccount(), await rig.openAccount()]
      const { uid } = await value(rig.port.probeAccount(one))
      ok(uid !== null && uid.length > 2)
      equal((await value(rig.port.probeAccount(one))).uid, uid)
      ok((await value(rig.port.probeAccount(other))).uid !== uid)
    },
  },
  {
    name: 'a wrong secret and an unknown key say AUTH',
    async run(rig) {
      const account = await rig.openAccount()
      const keys = [
        { ...account.credentials, secret: 'wrong' },
        { ...account.credentials, apiKey: 'unknown' },
      ]
      for (const credentials of keys) {
        const refused = await failure(send(rig, { ...account, credentials }, request(rig, {})))
        equal(refused.verdict, 'AUTH')
        equal(refused.execution, 'refused')
        equal(refused.reason, 'KEY_INVALID')
      }
    },
  },
]

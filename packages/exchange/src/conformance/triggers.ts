import { deepEqual, equal, ok } from 'node:assert/strict'
import { close, failure, find, place, positionOf, request, send, trigger, until, value, type ConformanceCase } from './kit.ts'

export const triggerCases: readonly ConformanceCase[] = [
  {
    name: 'stop and target rest as triggers that close everything, and are found, listed and cancelled',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      const stop = await place(rig, account, trigger('stop-market', '59000'))
      const target = await place(rig, account, trigger('take-profit-market', '62000'))
      for (const [order, type, price] of [
        [stop, 'stop-market', '59000'],
        [target, 'take-profit-market', '62000'],
      ] as const) {
        const { status, isTrigger, closePosition, quantityBase, triggerPrice, type: placed } = await value(find(rig, account, order))
        deepEqual(
          { status, isTrigger, closePosition, quantityBase, triggerPrice, placed },
          { status: 'open', isTrigger: true, closePosition: true, quantityBase: null, triggerPrice: price, placed: type },
        )
      }
      const listed = await value(rig.port.fetchOpenOrders(account, rig.symbol))
      deepEqual(new Set(listed.map((order) => order.clientOrderId)), new Set([stop.clientOrderId, target.clientOrderId]))
      for (const { clientOrderId } of [stop, target])
        await value(rig.port.cancelOrder(account, { symbol: rig.symbol, clientOrderId, isTrigger: true }))
      equal((await value(find(rig, account, stop))).status, 'canceled')
      deepEqual(await value(rig.port.fetchOpenOrders(account)), [])
    },
  },
  {
    name: 'a stop with a quantity rests beside the one that closes everything, so that a stop can move without being away',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      const old = await place(rig, account, trigger('stop-market', '59000'))
      const standIn = { ...trigger('stop-market', '59500'), quantityBase: '0.01', closePosition: false, reduceOnly: true }
      const { closePosition, quantityBase, reduceOnly, isTrigger } = await place(rig, account, standIn)
      deepEqual(
        { closePosition, quantityBase, reduceOnly, isTrigger },
        { closePosition: false, quantityBase: '0.01', reduceOnly: true, isTrigger: true },
      )
      await value(rig.port.cancelOrder(account, { symbol: rig.symbol, clientOrderId: old.clientOrderId, isTrigger: true }))
      await place(rig, account, trigger('stop-market', '59500'))
      await rig.setMark('59400')
      await until('flat', async () => (await positionOf(rig, account)).isZero())
      await until('nothing is left behind', async () => (await value(rig.port.fetchOpenOrders(account))).length === 0)
      ok((await positionOf(rig, account)).isZero())
    },
  },
  {
    name: 'several targets rest beside the one that closes everything, and each takes its quantity',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, { quantityBase: '0.04' })
      const part = (price: string, quantityBase: string) =>
        place(rig, account, { ...trigger('take-profit-market', price), quantityBase, closePosition: false, reduceOnly: true })
      const first = await part('61000', '0.02')
      await part('61500', '0.01')
      await place(rig, account, trigger('take-profit-market', '62000'))
      await rig.setMark('61100')
      await until('the first has filled', async () => (await positionOf(rig, account)).eq('0.02'))
      const { status, filledBase, exchangeOrderId } = await value(find(rig, account, first))
      deepEqual({ status, filledBase }, { status: 'filled', filledBase: '0.02' })
      const fills = await value(rig.port.fetchFills(account, { symbol: rig.symbol, sinceMs: 0 }))
      equal(fills.at(-1)?.exchangeOrderId, exchangeOrderId)
      await rig.setMark('62100')
      await until('flat', async () => (await positionOf(rig, account)).isZero())
    },
  },
  {
    name: 'a trailing stop begins where it is told to, follows the best price and closes when that comes back',
    async run(rig) {
      if (rig.port.capabilities.trailing !== 'percent') return
      const account = await rig.openAccount()
      await place(rig, account, {})
      const trailing = {
        side: 'sell',
        type: 'trailing-stop-market',
        triggerPrice: '60500',
        callbackPercent: '1',
        reduceOnly: true,
      } as const
      const placed = await place(rig, account, trailing)
      const { type, triggerPrice, quantityBase, closePosition, isTrigger } = await value(find(rig, account, placed))
      deepEqual(
        { type, triggerPrice, quantityBase, closePosition, isTrigger },
        { type: 'trailing-stop-market', triggerPrice: '60500', quantityBase: '0.01', closePosition: false, isTrigger: true },
      )
      await rig.setMark('59300')
      ok((await positionOf(rig, account)).eq('0.01'))
      await rig.setMark('61500')
      await rig.setMark('61000')
      ok((await positionOf(rig, account)).eq('0.01'))
      await rig.setMark('60800')
      await until('flat', async () => (await positionOf(rig, account)).isZero())
    },
  },
  {
    name: 'a trailing stop that the exchange could not hold as asked is refused before it leaves',
    async run(rig) {
      const account = await rig.openAccount()
      const trailing = { side: 'sell', type: 'trailing-stop-market', callbackPercent: '1', reduceOnly: true } as const
      for (const change of [{ callbackPercent: '0.05' }, { callbackPercent: '1.25' }, { callbackPercent: null }, { reduceOnly: false }]) {
        const refused = await failure(send(rig, account, request(rig, { ...trailing, ...change })))
        deepEqual([refused.verdict, refused.execution], ['REJECTED', 'not-sent'])
      }
      const plain = await failure(send(rig, account, request(rig, { callbackPercent: '1' })))
      equal(plain.execution, 'not-sent')
    },
  },
  {
    name: 'a stop whose price comes closes the position and says what it filled',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      const stop = await place(rig, account, trigger('stop-market', '59000'))
      await rig.setMark('58900')
      await until('flat', async () => (await positionOf(rig, account)).isZero())
      const triggered = await value(find(rig, account, stop))
      equal(triggered.status, 'filled')
      equal(triggered.filledBase, '0.01')
    },
  },
  {
    name: 'a target whose price comes closes the position',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      await place(rig, account, trigger('take-profit-market', '61000'))
      await rig.setMark('61100')
      await until('flat', async () => (await positionOf(rig, account)).isZero())
    },
  },
  {
    name: 'a stop that would trigger at once is refused as such',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      const refused = await failure(send(rig, account, request(rig, trigger('stop-market', '61000'))))
      equal(refused.reason, 'REJECTED_WOULD_TRIGGER')
      equal(refused.execution, 'refused')
    },
  },
  {
    name: 'a trigger’s id is taken while it is open: ADOPT',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      const order = request(rig, trigger('stop-market', '59000'))
      await value(send(rig, account, order))
      // A second stop of the same kind is refused for its kind first; either way nothing is placed twice.
      ok(['ADOPT', 'REJECTED'].includes((await failure(send(rig, account, order))).verdict))
      equal((await value(rig.port.fetchOpenOrders(account))).length, 1)
    },
  },
  {
    name: 'a stop that was left behind does nothing to a flat account',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      await place(rig, account, trigger('stop-market', '59000'))
      await place(rig, account, close())
      await rig.setMark('58900')
      await until('the stop is gone', async () => (await value(rig.port.fetchOpenOrders(account))).length === 0)
      ok((await positionOf(rig, account)).isZero())
    },
  },
]

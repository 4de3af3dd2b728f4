import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { Decimal } from 'decimal.js'
import { close, failure, find, marketOf, MARK, place, positionOf, request, send, value, type ConformanceCase } from './kit.ts'

export const orderCases: readonly ConformanceCase[] = [
  {
    name: 'a market order fills and is found by our id',
    async run(rig) {
      const account = await rig.openAccount()
      const order = await place(rig, account, {})
      equal(order.status, 'filled')
      equal(order.filledBase, '0.01')
      ok(new Decimal(order.averagePrice ?? 0).sub(MARK).abs().lt(new Decimal(MARK).mul('0.01')))
      const found = await value(find(rig, account, order))
      deepEqual({ ...found, updatedAtMs: 0 }, { ...order, updatedAtMs: 0 })
      ok((await positionOf(rig, account)).eq('0.01'))
    },
  },
  {
    name: 'an order that nobody placed is not found, plain or trigger',
    async run(rig) {
      const account = await rig.openAccount()
      for (const isTrigger of [false, true])
        equal((await failure(find(rig, account, { clientOrderId: rig.newId(), isTrigger }))).verdict, 'NOT_FOUND')
    },
  },
  {
    name: 'an expired signature is refused and leaves nothing',
    async run(rig) {
      const account = await rig.openAccount()
      const order = request(rig, {})
      const refused = await failure(rig.port.createOrder(account, order, { timestampMs: rig.nowMs() - 4_000, recvWindowMs: 3_000 }))
      equal(refused.verdict, 'CLOCK')
      equal(refused.execution, 'refused')
      equal((await failure(find(rig, account, { ...order, isTrigger: false }))).verdict, 'NOT_FOUND')
      ok((await positionOf(rig, account)).isZero())
    },
  },
  {
    name: 'a limit order rests, is listed, is cancelled, and cancels once',
    async run(rig) {
      const account = await rig.openAccount()
      const order = await place(rig, account, { type: 'limit', price: new Decimal(MARK).mul('0.97').toFixed() })
      equal(order.status, 'open')
      equal(order.price, '58200')
      const listed = await value(rig.port.fetchOpenOrders(account, rig.symbol))
      deepEqual(
        listed.map(({ clientOrderId, isTrigger }) => ({ clientOrderId, isTrigger })),
        [{ clientOrderId: order.clientOrderId, isTrigger: false }],
      )
      equal((await value(rig.port.fetchOpenOrders(account))).length, 1)
      const named = { symbol: rig.symbol, clientOrderId: order.clientOrderId, isTrigger: false }
      await value(rig.port.cancelOrder(account, named))
      equal((await value(find(rig, account, order))).status, 'canceled')
      equal((await failure(rig.port.cancelOrder(account, named))).verdict, 'NOT_FOUND')
      deepEqual(await value(rig.port.fetchOpenOrders(account)), [])
    },
  },
  {
    name: 'an id that an open order has is answered ADOPT, and there is one order',
    async run(rig) {
      const account = await rig.openAccount()
      const order = request(rig, { type: 'limit', price: '58000' })
      await value(send(rig, account, order))
      equal((await failure(send(rig, account, order))).verdict, 'ADOPT')
      equal((await value(rig.port.fetchOpenOrders(account))).length, 1)
    },
  },
  {
    name: 'a full close sent twice closes once and never reverses',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      const order = request(rig, close())
      equal((await value(send(rig, account, order))).filledBase, '0.01')
      const again = await failure(send(rig, account, order))
      equal(again.verdict, 'MOOT')
      equal(again.execution, 'refused')
      ok((await positionOf(rig, account)).isZero())
    },
  },
  {
    name: 'a reduce-only order larger than the position does not reverse it',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, {})
      await send(rig, account, request(rig, close({ quantityBase: '0.03' })))
      ok((await positionOf(rig, account)).gte(0))
    },
  },
  {
    name: 'a short is opened and closed',
    async run(rig) {
      const account = await rig.openAccount()
      await place(rig, account, { side: 'sell' })
      ok((await positionOf(rig, account)).eq('-0.01'))
      await place(rig, account, { side: 'buy', reduceOnly: true })
      ok((await positionOf(rig, account)).isZero())
    },
  },
  {
    name: 'a close below the opening minimum still closes',
    async run(rig) {
      const account = await rig.openAccount()
      const { stepSize, minNotional } = await marketOf(rig)
      ok(new Decimal(stepSize).mul(MARK).lt(minNotional), 'the market must allow the question')
      await place(rig, account, {})
      await place(rig, account, close({ quantityBase: stepSize }))
      ok((await positionOf(rig, account)).eq(new Decimal('0.01').sub(stepSize)))
    },
  },
  {
    name: 'too much, too little and off the step are refused for what they are',
    async run(rig) {
      const account = await rig.openAccount()
      const { stepSize } = await marketOf(rig)
      const refusals = [
        ['50', 'REJECTED_MARGIN', 'refused'],
        [stepSize, 'REJECTED_MINIMUM', 'refused'],
        [new Decimal(stepSize).mul('10.5').toFixed(), 'REJECTED_PRECISION', 'not-sent'],
      ] as const
      for (const [quantityBase, reason, execution] of refusals) {
        const refused = await failure(send(rig, account, request(rig, { quantityBase })))
        equal(refused.verdict, 'REJECTED')
        equal(refused.reason, reason)
        equal(refused.execution, execution)
      }
    },
  },
  {
    name: 'one account never sees another’s',
    async run(rig) {
      const [one, other] = [await rig.openAccount(), await rig.openAccount()]
      const order = await place(rig, one, {})
      equal((await failure(find(rig, other, order))).verdict, 'NOT_FOUND')
      ok((await positionOf(rig, other)).isZero())
      notEqual(one.credentials.apiKey, other.credentials.apiKey)
    },
  },
]

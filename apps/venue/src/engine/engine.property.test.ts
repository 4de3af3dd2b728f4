import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Command } from './commands.ts'
import { apply } from './engine.ts'
import { formatFixed } from './fixed.ts'
import { readBooks } from './ledger.ts'
import { marketOf } from './markets.ts'
import { priceAt } from './prices.ts'
import { Refusal } from './refusal.ts'
import { dumpState, hashState, loadState } from './snapshot.ts'
import { createState, heldOf, type VenueState } from './state.ts'

vi.setConfig({ testTimeout: 60_000 })

const start = 1_780_000_000_000
const symbols = ['BTCUSDT', 'DOGEUSDT', '1000PEPEUSDT'] as const
const refs = ['a', 'b'] as const

type Step =
  | { kind: 'market'; ref: string; symbol: string; buy: boolean; size: number; reduceOnly: boolean; parts: number }
  | { kind: 'limit'; ref: string; symbol: string; buy: boolean; size: number; away: number; reduceOnly: boolean }
  | { kind: 'algo'; ref: string; symbol: string; buy: boolean; stop: boolean; away: number }
  | { kind: 'trail'; ref: string; symbol: string; buy: boolean; size: number; percent: number }
  | { kind: 'cancel'; ref: string; symbol: string }
  | { kind: 'leverage'; ref: string; symbol: string; leverage: number }
  | { kind: 'isolated'; ref: string; symbol: string }
  | { kind: 'wait'; ms: number }
  | { kind: 'jump'; symbol: string; percent: number }
  | { kind: 'release'; symbol: string }

const of = <T extends Step['kind']>(
  kind: T,
  record: { [K in Exclude<keyof Extract<Step, { kind: T }>, 'kind'>]: fc.Arbitrary<Extract<Step, { kind: T }>[K]> },
) => fc.record({ kind: fc.constant(kind), ...record } as never) as fc.Arbitrary<Step>

const ref = fc.constantFrom<string>(...refs)
const symbol = fc.constantFrom<string>(...symbols)
const size = fc.integer({ min: 1, max: 60 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: of('market', { ref, symbol, buy: fc.boolean(), size, reduceOnly: fc.boolean(), parts: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: of('limit', { ref, symbol, buy: fc.boolean(), size, away: fc.integer({ min: -20, max: 40 }), reduceOnly: fc.boolean() }),
  },
  { weight: 3, arbitrary: of('algo', { ref, symbol, buy: fc.boolean(), stop: fc.boolean(), away: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: of('trail', { ref, symbol, buy: fc.boolean(), size, percent: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: of('cancel', { ref, symbol }) },
  { weight: 2, arbitrary: of('leverage', { ref, symbol, leverage: fc.constantFrom(2, 20, 50, 75, 125) }) },
  { weight: 1, arbitrary: of('isolated', { ref, symbol }) },
  { weight: 3, arbitrary: of('wait', { ms: fc.constantFrom(100, 700, 5_000, 9 * 3_600_000) }) },
  { weight: 3, arbitrary: of('jump', { symbol, percent: fc.integer({ min: -45, max: 60 }) }) },
  { weight: 1, arbitrary: of('release', { symbol }) },
)

const seed = 3

/** Runs the steps as the exchange would: what changes nothing is not written down. */
function run(
  steps: readonly Step[],
  watch: (state: VenueState, command: Command, before: VenueState | undefined) => void = () => undefined,
) {
  const state = createState(seed)
  const journal: Command[] = []
  let at = start
  let number = 0
  const send = (command: Command): void => {
    try {
      if (apply(state, command).changed) journal.push(command)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
    watch(state, command, undefined)
  }
  state.clock = at
  for (const one of refs) send({ at, type: 'open-account', ref: one, apiKey: `${one}-key`, secret: 's', depositUsdt: '700' })
  for (const one of steps) {
    at += 37
    number += 1
    for (const command of commandsOf(one, at, `id-${number}`)) send(command)
    if (one.kind === 'wait') at += one.ms
    send({ at, type: 'advance', from: state.clock })
  }
  return { state, journal }
}

function commandsOf(one: Step, at: number, id: string): Command[] {
  if (one.kind === 'wait') return []
  const market = marketOf(one.symbol)
  const now = Number(priceAt(seed, one.symbol, at))
  const price = (percent: number): string =>
    formatFixed(BigInt(Math.round((now * (1 + percent / 1000)) / (Number(market.tickSize) / 1e8))) * market.tickSize)
  const quantity = (units: number): string =>
    formatFixed(BigInt(Math.ceil((units * 110) / now / (Number(market.stepSize) / 1e8))) * market.stepSize)
  const order = (buy: boolean) => ({ symbol: one.symbol, side: buy ? ('BUY' as const) : ('SELL' as const), positionSide: 'BOTH' as const })
  switch (one.kind) {
    case 'market':
      return [
        {
          at,
          type: 'place-order',
          ref: one.ref,
          order: {
            ...order(one.buy),
            type: 'MARKET',
            timeInForce: 'GTC',
            quantity: quantity(one.size),
            price: '0',
            reduceOnly: one.reduceOnly,
            clientOrderId: id,
          },
          ...(one.parts > 1 ? { split: { parts: one.parts, spacingMs: 150 } } : {}),
        },
      ]
    case 'limit':
      return [
        {
          at,
          type: 'place-order',
          ref: one.ref,
          order: {
            ...order(one.buy),
            type: 'LIMIT',
            timeInForce: 'GTC',
            quantity: quantity(one.size),
            price: price(one.buy ? -one.away : one.away),
            reduceOnly: one.reduceOnly,
            clientOrderId: id,
          },
        },
      ]
    case 'algo':
      return [
        {
          at,
          type: 'place-algo',
          ref: one.ref,
          algo: {
            ...order(one.buy),
            type: one.stop ? 'STOP_MARKET' : 'TAKE_PROFIT_MARKET',
            timeInForce: 'GTC',
            quantity: '0',
            price: '0',
            triggerPrice: price(one.stop === one.buy ? one.away : -one.away),
            activatePrice: '0',
            callbackRate: '0',
            workingType: 'MARK_PRICE',
            reduceOnly: false,
            closePosition: true,
            clientAlgoId: id,
          },
        },
      ]
    case 'trail':
      return [
        {
          at,
          type: 'place-algo',
          ref: one.ref,
          algo: {
            ...order(one.buy),
            type: 'TRAILING_STOP_MARKET',
            timeInForce: 'GTC',
            quantity: quantity(one.size),
            price: '0',
            triggerPrice: '0',
            activatePrice: '0',
            callbackRate: String(one.percent),
            workingType: 'CONTRACT_PRICE',
            reduceOnly: true,
            closePosition: false,
            clientAlgoId: id,
          },
        },
      ]
    case 'cancel':
      return [
        { at, type: 'cancel-orders', ref: one.ref, symbol: one.symbol },
        { at, type: 'cancel-algos', ref: one.ref, symbol: one.symbol },
      ]
    case 'leverage':
      return [{ at, type: 'set-leverage', ref: one.ref, symbol: one.symbol, leverage: one.leverage }]
    case 'isolated':
      return [{ at, type: 'set-margin-type', ref: one.ref, symbol: one.symbol, marginType: 'isolated' }]
    case 'jump':
      return [{ at, type: 'pin-price', symbol: one.symbol, mark: price(one.percent * 10) }]
    case 'release':
      return [{ at, type: 'pin-price', symbol: one.symbol, mark: null }]
  }
}

const history = fc.array(step, { minLength: 1, maxLength: 50, size: 'max' })

describe('whatever happens', () => {
  it('the books sum to zero, and every wallet is the sum of its entries', () => {
    let liquidated = 0
    let funded = 0
    fc.assert(
      fc.property(history, (steps) => {
        const { state } = run(steps)
        expect(readBooks(state)).toMatchObject({ sum: 0n, unbalanced: [] })
        for (const account of state.accounts.values()) {
          liquidated += [...account.orders.values()].filter((order) => order.origType === 'LIQUIDATION').length
          funded += account.incomes.filter((income) => income.type === 'FUNDING_FEE').length
        }
      }),
      { numRuns: 100, seed: 11 },
    )
    expect(liquidated).toBeGreaterThan(20)
    expect(funded).toBeGreaterThan(20)
  })

  it('positions are the sum of their fills', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const account of run(steps).state.accounts.values()) {
          for (const one of symbols) {
            const filled = account.trades
              .filter((trade) => trade.symbol === one)
              .reduce((sum, trade) => sum + (trade.side === 'BUY' ? trade.quantity : -trade.quantity), 0n)
            expect(heldOf(account, one, 'BOTH')).toBe(filled)
          }
        }
      }),
      { numRuns: 40, seed: 12 },
    )
  })

  it('the journal leads to the same state, by itself and from a snapshot on the way', () => {
    fc.assert(
      fc.property(history, fc.nat(), (steps, cut) => {
        const { state, journal } = run(steps)
        const replayed = createState(seed)
        let resumed = createState(seed)
        const restartAt = cut % journal.length
        journal.forEach((command, index) => {
          apply(replayed, command)
          if (index === restartAt) resumed = loadState(dumpState(resumed))
          apply(resumed, command)
        })
        expect(hashState(replayed)).toBe(hashState(state))
        expect(hashState(resumed)).toBe(hashState(state))
      }),
      { numRuns: 50, seed: 13 },
    )
  })

  it('what may only reduce never opens and never turns a position', () => {
    let reductions = 0
    fc.assert(
      fc.property(history, (steps) => {
        for (const account of run(steps).state.accounts.values()) {
          const position = new Map<string, bigint>()
          for (const trade of account.trades) {
            const before = position.get(trade.symbol) ?? 0n
            const after = before + (trade.side === 'BUY' ? trade.quantity : -trade.quantity)
            position.set(trade.symbol, after)
            const order = account.orders.get(trade.orderId)
            if (order?.reduceOnly !== true) continue
            reductions += 1
            expect(before).not.toBe(0n)
            expect(after === 0n || after > 0n === before > 0n).toBe(true)
          }
        }
      }),
      { numRuns: 60, seed: 14 },
    )
    expect(reductions).toBeGreaterThan(50)
  })
})

describe('partial fills', () => {
  it('lead to the same position however the order was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 9 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 2, max: 20 }),
        (sizes, parts) => {
          const trade = (split: { parts: number; spacingMs: number } | undefined) => {
            const state = createState(seed)
            const quiet: Command[] = [
              { at: start, type: 'open-account', ref: 'a', apiKey: 'k', secret: 's', depositUsdt: '100000' },
              { at: start, type: 'pin-price', symbol: 'BTCUSDT', mark: '60000' },
            ]
            for (const command of quiet) apply(state, command)
            state.clock = start
            sizes.forEach((one, index) => {
              const at = start + 10_000 * (index + 1)
              const side = one % 3 === 0 ? 'SELL' : 'BUY'
              const order = {
                symbol: 'BTCUSDT',
                side,
                positionSide: 'BOTH',
                type: 'MARKET',
                timeInForce: 'GTC',
                quantity: `0.0${one}`,
                price: '0',
                reduceOnly: false,
                clientOrderId: `o${index}`,
              } as const
              apply(state, { at, type: 'place-order', ref: 'a', order, ...(split === undefined ? {} : { split }) })
              apply(state, { at: at + 9_000, type: 'advance', from: state.clock })
            })
            const account = state.accounts.get('a')
            const position = account?.positions.get('BTCUSDT')
            return {
              quantity: position?.quantity,
              cost: position?.cost,
              statuses: [...(account?.orders.values() ?? [])].map((order) => order.status),
            }
          }
          const whole = trade(undefined)
          const cut = trade({ parts, spacingMs: 100 })
          expect(cut.statuses).toEqual(whole.statuses)
          expect(cut.quantity).toBe(whole.quantity)
          // Entry prices are cost ÷ quantity: cutting may move them by less than the last digit that is shown.
          const difference = (cut.cost ?? 0n) - (whole.cost ?? 0n)
          expect(difference < 1_000_000n && difference > -1_000_000n).toBe(true)
        },
      ),
      { numRuns: 40, seed: 15 },
    )
  })
})

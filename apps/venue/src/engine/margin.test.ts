import { describe, expect, it, vi } from 'vitest'
import type { Command, PlaceOrder } from './commands.ts'
import { apply } from './engine.ts'
import { fixed, formatFixed, ONE, plainFixed } from './fixed.ts'
import { accountRisk, liquidationPrice, marksAt } from './margin.ts'
import { maintenanceMargin, marketOf, markets, notionalLimit } from './markets.ts'
import { readBooks } from './ledger.ts'
import { type Account, createState, type VenueState } from './state.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const at = 1_780_000_000_000

interface Scene {
  readonly state: VenueState
  readonly account: Account
  pin(mark: string): void
  trade(side: 'BUY' | 'SELL', quantity: string, more?: Partial<PlaceOrder>): void
  liquidation(): string
}

function scene({ deposit, leverage, isolated }: { deposit: string; leverage: number; isolated: boolean }): Scene {
  const state = createState(1)
  let now = at
  const send = (command: Record<string, unknown>): void => void apply(state, { at: (now += 1_000), ...command } as Command)
  send({ type: 'open-account', ref: 'a', apiKey: 'k', secret: 's', depositUsdt: deposit })
  send({ type: 'pin-price', symbol: 'BTCUSDT', mark: '50000' })
  send({ type: 'set-leverage', ref: 'a', symbol: 'BTCUSDT', leverage })
  if (isolated) send({ type: 'set-margin-type', ref: 'a', symbol: 'BTCUSDT', marginType: 'isolated' })
  const account = state.accounts.get('a')
  if (account === undefined) throw new Error('no account')
  let id = 0
  return {
    state,
    account,
    pin: (mark) => send({ type: 'pin-price', symbol: 'BTCUSDT', mark }),
    trade(side, quantity, more) {
      id += 1
      const order = {
        symbol: 'BTCUSDT',
        side,
        positionSide: 'BOTH',
        type: 'MARKET',
        timeInForce: 'GTC',
        quantity,
        price: '0',
        reduceOnly: false,
        clientOrderId: `o${id}`,
        ...more,
      }
      send({ type: 'place-order', ref: 'a', order })
    },
    liquidation() {
      const risk = accountRisk(account, marksAt(state, now))
      const own = risk.positions[0]
      return own === undefined ? '' : plainFixed(liquidationPrice(risk, own))
    },
  }
}

describe('maintenance margin', () => {
  it('is continuous from bracket to bracket, and leverage falls', () => {
    for (const market of markets) {
      let leverage = Infinity
      for (const bracket of market.brackets) {
        const before = maintenanceMargin(market, bracket.notionalFloor - 1n)
        const after = maintenanceMargin(market, bracket.notionalFloor)
        expect(after - before < 10n && after >= before - 1n).toBe(true)
        expect(bracket.initialLeverage).toBeLessThan(leverage)
        leverage = bracket.initialLeverage
        // The margin a position starts with always exceeds what it must keep.
        expect(bracket.notionalCap / BigInt(bracket.initialLeverage)).toBeGreaterThan(maintenanceMargin(market, bracket.notionalCap - 1n))
      }
    }
  })

  it('limits what each leverage may hold', () => {
    const market = marketOf('BTCUSDT')
    expect(formatFixed(notionalLimit(market, 125), 0)).toBe('50000')
    expect(formatFixed(notionalLimit(market, 20), 0)).toBe('80000000')
  })
})

describe.each([
  { name: 'isolated long', deposit: '10000', leverage: 20, isolated: true, side: 'BUY' as const },
  { name: 'isolated short', deposit: '10000', leverage: 20, isolated: true, side: 'SELL' as const },
  { name: 'cross long', deposit: '3000', leverage: 20, isolated: false, side: 'BUY' as const },
  { name: 'cross short', deposit: '3000', leverage: 20, isolated: false, side: 'SELL' as const },
])('liquidation of an $name', ({ deposit, leverage, isolated, side }) => {
  it('comes at the price that was announced, not a tick before', () => {
    const one = scene({ deposit, leverage, isolated })
    one.trade(side, '1')
    const announced = Number(one.liquidation())
    expect(announced).toBeGreaterThan(0)
    const away = side === 'BUY' ? 1 : -1
    one.pin((announced + 5 * away).toFixed(1))
    expect(one.account.positions.get('BTCUSDT')?.quantity).not.toBe(0n)
    one.pin((announced - 5 * away).toFixed(1))
    expect(one.account.positions.get('BTCUSDT')?.quantity).toBe(0n)
    const last = [...one.account.orders.values()].at(-1)
    expect(last).toMatchObject({ origType: 'LIQUIDATION', status: 'FILLED', clientOrderId: expect.stringMatching(/^autoclose-/) })
    expect(one.account.incomes.some((income) => income.type === 'INSURANCE_CLEAR' && income.amount < 0n)).toBe(true)
    expect(readBooks(one.state)).toMatchObject({ sum: 0n, unbalanced: [] })
  })

  it('takes no more than the margin, however far the price jumps', () => {
    const one = scene({ deposit, leverage, isolated })
    one.trade(side, '1')
    const margin = one.account.positions.get('BTCUSDT')?.isolatedWallet ?? 0n
    const before = one.account.wallet
    one.pin(side === 'BUY' ? '30000' : '70000')
    expect(one.account.positions.get('BTCUSDT')?.quantity).toBe(0n)
    expect(one.account.wallet).toBe(isolated ? before - margin : 0n)
    expect(one.state.house.insurance).toBeLessThan(0n)
    expect(readBooks(one.state)).toMatchObject({ sum: 0n, unbalanced: [] })
  })
})

describe('funding', () => {
  it('is exchanged every eight hours between longs and the market', () => {
    const one = scene({ deposit: '10000', leverage: 20, isolated: false })
    one.trade('BUY', '0.1')
    const wallet = one.account.wallet
    const eightHours = 8 * 3_600_000
    apply(one.state, { at: at + 2 * eightHours, type: 'advance', from: at + 60_000 })
    const paid = one.account.incomes.filter((income) => income.type === 'FUNDING_FEE')
    expect(paid).toHaveLength(2)
    expect(paid.every((income) => income.at % eightHours === 0)).toBe(true)
    expect(one.account.wallet).toBe(wallet + paid.reduce((sum, income) => sum + income.amount, 0n))
    expect(readBooks(one.state).sum).toBe(0n)
  })
})

describe('profit', () => {
  it('is price difference times quantity, less the fees', () => {
    const one = scene({ deposit: '10000', leverage: 20, isolated: false })
    one.trade('BUY', '0.1')
    const entry = fixed('50001')
    one.pin('51000')
    one.trade('SELL', '0.1', { reduceOnly: true })
    const fees = ((entry / 10n) * 4n) / 10_000n + ((fixed('51000') / 10n) * 4n) / 10_000n
    expect(one.account.wallet).toBe(fixed('10000') + (fixed('51000') - entry) / 10n - fees)
    expect(ONE).toBe(100_000_000n)
  })
})

import { BLANK_ALERT, DEFAULT_RULES, FollowSettings, ForcedSettings, type FollowSettingsInput } from '@matic/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BTC_MARKET } from '../../test/btc-market.ts'
import { indexMarkets } from '../symbols/resolve-market.ts'
import { copySteps } from './copy-steps.ts'
import { BALANCE_STEP, balanceWindow, copyability, copyAlone, minimumBalance, type Copier, type Opening } from './copyability.ts'

const SHARE = 95
const market = { ...BTC_MARKET, minNotional: '100' }

function opening(leaderBase: string, price = '50000', more: Partial<Opening['alert']> = {}): Opening {
  return {
    signalId: `opening-${leaderBase}`,
    atMs: 1_000_000,
    alert: { ...BLANK_ALERT, dialect: 'test', ticker: 'BTCUSDT.P', action: 'buy', quantity: leaderBase, leverage: '10', ...more },
    leader: { routeId: 'own', equity: '10000', positions: [], pendingOpens: [], decision: null },
    leaderBase,
    side: 'buy',
    price,
  }
}

function copier(settings: FollowSettingsInput, rules: Partial<Copier['rules']> = {}): Copier {
  return {
    settings: FollowSettings.parse(settings),
    forced: ForcedSettings.parse({}),
    rules: { ...DEFAULT_RULES, maxLeverage: 20, isEnabled: true, ...rules },
    listensTo: 'WEBHOOK',
    account: { exchange: 'PAPER', positionMode: 'ONE_WAY', trailing: 'percent' },
    markets: indexMarkets([market]),
    markOf: () => '50000',
    rangeOf: () => null,
  }
}

const equityToEquity = { sizing: { mode: 'equity-to-equity', multiplier: '1' } } as const
function minimum(openings: readonly Opening[], of: Copier) {
  const windows = openings.flatMap((one) => balanceWindow(one, of) ?? [])
  return minimumBalance(windows, (balance) => copyability(openings, of, String(balance)).copyable, SHARE)
}

describe('what a balance copies of the leader’s openings', () => {
  it('is counted with the reasons for the rest, the most frequent first', () => {
    // Of 10,000: 0.02, 0.04 and 0.2 base. With 800 that is 0.0016, 0.0032 and 0.016; the market takes steps of 0.001 worth 100 and more.
    const openings = [opening('0.02'), opening('0.02'), opening('0.04'), opening('0.2'), opening('0.2', '50000', { ticker: 'NOPEUSDT' })]
    expect(copyability(openings, copier(equityToEquity), '800')).toEqual({
      total: 5,
      copyable: 2,
      fitted: { capped: 0, shrunk: 0, roundedUp: 0 },
      byReason: [
        { reason: 'BELOW_MINIMUM', count: 2 },
        { reason: 'SYMBOL_UNKNOWN', count: 1 },
      ],
    })
  })

  it('counts what was made to fit', () => {
    const settings = { ...equityToEquity, belowMinimum: 'round-up', roundUpMaxQuote: '100', maxOrderQuote: '300' } as const
    const openings = [opening('0.02'), opening('0.04'), opening('0.2')]
    expect(copyability(openings, copier(settings), '800')).toMatchObject({ copyable: 3, fitted: { capped: 1, shrunk: 0, roundedUp: 1 } })
  })

  it('goes by the price that there was', () => {
    // 0.0016 of 800: below the step of two at 50,000 and at 100,000 one step is worth the minimum.
    expect(copyability([opening('0.02')], copier(equityToEquity), '800').copyable).toBe(0)
    expect(copyability([opening('0.02', '100000')], copier(equityToEquity), '800').copyable).toBe(1)
  })
})

describe('the smallest balance that copies nearly all', () => {
  it('is the one at which the least opening is worth the market’s minimum', () => {
    // 0.02 of 10,000: 100 quote are two steps of 0.001, for which the follower needs a tenth of the leader's equity.
    expect(minimum([opening('0.02')], copier(equityToEquity))).toEqual({ atMost: 1, balanceQuote: 1_000 })
  })

  it('leaves out what no balance copies, and one in twenty', () => {
    const most = Array.from({ length: 19 }, () => opening('0.2'))
    expect(minimum([...most, opening('0.02')], copier(equityToEquity))).toEqual({ atMost: 20, balanceQuote: 100 })
    const unknown = opening('0.2', '50000', { ticker: 'NOPEUSDT' })
    expect(minimum([opening('0.02'), unknown], copier(equityToEquity))).toEqual({ atMost: 1, balanceQuote: 1_000 })
  })

  it('is what the margin of a fixed size and its fee come to', () => {
    // 4,000 at 10x: 400 margin and 2 fee.
    const fixed = { sizing: { mode: 'fixed-quote', notionalQuote: '4000' }, leverage: 10 } as const
    expect(minimum([opening('0.02')], copier(fixed)).balanceQuote).toBe(410)
  })

  it('is found between the market’s minimum and a limit of one’s own, however near they are', () => {
    // A tenth of the equity at 10x is worth the equity: from 150 on that is three steps, worth 150, which the own limit refuses.
    const part = { sizing: { mode: 'percent-of-equity', percent: '10' }, leverage: 10 } as const
    const narrow = copier(part, { maxNotional: '110' })
    expect(balanceWindow(opening('0.02'), narrow)).toEqual({ low: 100, high: 140 })
    expect(minimum([opening('0.02')], narrow)).toEqual({ atMost: 1, balanceQuote: 100 })
  })

  it('is none where nothing can be copied', () => {
    expect(minimum([opening('0.02')], copier({ ...equityToEquity, blockedSymbols: ['BTCUSDT'] }))).toEqual({
      atMost: 0,
      balanceQuote: null,
    })
  })

  it('holds at what it says, and not a step below, whatever the settings', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 12 })
    const sizings = fc.oneof(
      fc.integer({ min: 1, max: 400 }).map((part) => ({ mode: 'equity-to-equity' as const, multiplier: String(part / 100) })),
      fc.integer({ min: 1, max: 9_900 }).map((part) => ({ mode: 'percent-of-equity' as const, percent: String(part / 100) })),
      fc.integer({ min: 1, max: 200 }).map((part) => ({ mode: 'ratio' as const, ratio: String(part / 100) })),
    )
    const limits = fc.record({ ownLimit: fc.option(fc.integer({ min: 100, max: 9_000 })), shrinks: fc.boolean() })
    let found = 0
    fc.assert(
      fc.property(sizes, sizings, limits, (thousandths, sizing, { ownLimit, shrinks }) => {
        const openings = thousandths.map((size) => opening(String(size / 1_000)))
        const of = copier(
          { sizing, notEnoughBalance: shrinks ? 'shrink' : 'skip' },
          { maxNotional: ownLimit === null ? null : String(ownLimit) },
        )
        const { atMost, balanceQuote } = minimum(openings, of)
        if (balanceQuote === null) {
          for (let balance = 10; balance < 1_000_000; balance *= 1.4) expect(copyability(openings, of, balance.toFixed(2)).copyable).toBe(0)
          return
        }
        const wanted = Math.ceil((atMost * SHARE) / 100)
        expect(copyability(openings, of, String(balanceQuote)).copyable).toBeGreaterThanOrEqual(wanted)
        expect(copyability(openings, of, String(balanceQuote - BALANCE_STEP)).copyable).toBeLessThan(wanted)
        found += 1
      }),
      { numRuns: 40, seed: 20_261_121 },
    )
    expect(found).toBeGreaterThan(20)
  })
})

describe('the steps of a size', () => {
  const rules = (settings: FollowSettingsInput, equity: string, size = '0.5') =>
    copySteps(copyAlone(opening(size), copier(settings), equity)).map(({ rule, quantityBase }) => `${rule} ${quantityBase}`)

  it('lead from the leader’s order to what the market takes', () => {
    expect(rules(equityToEquity, '1234.5')).toEqual(['leader 0.5', 'sizing 0.061725', 'step 0.061'])
  })

  it('tell of a cap, and of what the margin left of it', () => {
    const settings = { sizing: { mode: 'ratio', ratio: '1' }, leverage: 1, maxOrderQuote: '10000', notEnoughBalance: 'shrink' } as const
    expect(rules(settings, '50000')).toEqual(['leader 0.5', 'sizing 0.5', 'capped 0.2', 'step 0.2'])
    expect(rules(settings, '5002.5')).toEqual(['leader 0.5', 'sizing 0.5', 'capped 0.2', 'shrunk 0.1', 'step 0.1'])
  })

  it('tell of rounding up', () => {
    const settings = {
      sizing: { mode: 'fixed-quantity', quantityBase: '0.0004' },
      belowMinimum: 'round-up',
      roundUpMaxQuote: '120',
    } as const
    expect(rules(settings, '1000')).toEqual(['sizing 0.0004', 'rounded-up 0.002', 'step 0.002'])
  })
})

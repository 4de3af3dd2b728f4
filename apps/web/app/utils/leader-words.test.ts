import { describe, expect, it } from 'vitest'
import { holdingWords, leverageWords, recordWords, verdictWords } from './leader-words.ts'

const verdict = { fits: true, rows: 12, headNumber: 12, headHash: 'a', firstFault: null, wrongFigures: [] }

describe('words of a record', () => {
  it('name the first row that does not fit, else the figure, else say that all is well', () => {
    expect(verdictWords(verdict)).toBe('All 12 rows fit, and every figure on this page comes out of them.')
    expect(verdictWords({ ...verdict, fits: false, firstFault: { number: 3, fault: 'content' } })).toMatch(
      /^Row 3 is not what was published/,
    )
    expect(verdictWords({ ...verdict, fits: false, wrongFigures: [{ windowDays: 30, figure: 'roiPercent' }] })).toContain(
      'roiPercent of 30 days',
    )
    expect(verdictWords({ ...verdict, rows: 0 })).toBe('There is nothing to check yet.')
  })

  it('tell a trade with what it left after costs, and when it closed', () => {
    const content = {
      kind: 'trade',
      tradeId: 't',
      symbol: 'BTC/USDT:USDT',
      side: 'SHORT',
      closedAtMs: 0,
      entryPrice: '50000',
      exitPrice: '49000.5',
      grossPnl: '10',
      fees: '1.5',
      funding: '-0.25',
      leverage: '2.04',
    }
    expect(recordWords({ number: 1, writtenAt: '2026-01-01T00:00:00.000Z', hash: 'b', previousHash: 'a', content })).toEqual({
      what: 'Trade closed',
      says: 'BTC/USDT short, 50,000 → 49,000.5, 2.0×',
      pnl: '8.25',
      percent: null,
      at: '1970-01-01T00:00:00.000Z',
    })
    const line = { number: 2, writtenAt: '2026-01-01T00:00:00.000Z', hash: 'c', previousHash: 'b' }
    expect(recordWords({ ...line, content: { kind: 'trade', result: '-0.006', sealed: 'd' } })).toMatchObject({
      pnl: null,
      percent: '-0.6',
    })
    const value = { kind: 'value', toMs: 0, growth: '1.02', sealed: 'd' }
    expect(recordWords({ ...line, content: value })).toMatchObject({ what: 'Worth', says: 'Value of a share', pnl: null, percent: '2' })
  })

  it('name spans of leverage and of time', () => {
    expect(
      [
        { from: 0, to: 1, trades: 0 },
        { from: 20, to: null, trades: 0 },
      ].map(leverageWords),
    ).toEqual(['below 1×', '20× and more'])
    expect(
      [
        { from: 0, to: 300, trades: 0 },
        { from: 1_800, to: 7_200, trades: 0 },
        { from: 604_800, to: null, trades: 0 },
      ].map(holdingWords),
    ).toEqual(['below 5 min', '30 min to 2 h', '7 d and more'])
  })
})

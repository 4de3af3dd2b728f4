import type { PositionView } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { atMark, totalPnl } from './pnl.ts'

const long: PositionView = {
  id: 'p',
  accountId: 'a',
  followId: null,
  symbol: 'BTC/USDT:USDT',
  marketId: 'BTCUSDT',
  side: 'LONG',
  positionSide: 'BOTH',
  size: '0.143',
  entryPrice: '69756.5',
  markPrice: '69756.5',
  leverage: 10,
  marginMode: 'cross',
  unrealizedPnl: null,
  unrealizedPnlPercent: null,
  liquidationPrice: '62780.85',
  margin: null,
  stopLoss: null,
  takeProfit: null,
  protection: 'NONE',
  openedAt: null,
  syncedAt: '2026-01-01T00:00:00.000Z',
  version: 1,
}

describe('atMark', () => {
  it('counts exactly what a float would round', () => {
    expect(atMark(long, '69753.023').pnl?.toFixed()).toBe('-0.497211')
    expect(atMark({ ...long, side: 'SHORT' }, '69753.023').pnl?.toFixed()).toBe('0.497211')
  })

  it('takes the mark that was read until a newer one comes, and knows nothing without either', () => {
    expect(atMark(long, undefined).pnl?.toFixed()).toBe('0')
    const blind = atMark({ ...long, markPrice: null }, undefined)
    expect([blind.pnl, blind.pnlPercent, blind.liquidationDistance]).toEqual([null, null, null])
  })

  it('takes percent of the margin, by leverage as long as the exchange has not said it', () => {
    expect(atMark(long, '70454.065').pnlPercent?.toFixed()).toBe('10')
    expect(atMark({ ...long, margin: '99.7517950' }, '70454.065').pnlPercent?.toFixed(4)).toBe('100.0000')
    expect(atMark({ ...long, leverage: null }, '70454.065').pnlPercent).toBeNull()
  })

  it('says how far the mark may move before liquidation', () => {
    expect(atMark(long, '69756.5').liquidationDistance?.toFixed()).toBe('10')
  })
})

describe('totalPnl', () => {
  it('is unknown as soon as one position is', () => {
    const known = atMark(long, '69757.5')
    expect(totalPnl([known, known])?.toFixed()).toBe('0.286')
    expect(totalPnl([known, atMark({ ...long, markPrice: null }, undefined)])).toBeNull()
  })
})

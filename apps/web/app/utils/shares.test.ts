import type { PositionView, ShareView } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { atMark } from './pnl.ts'
import {
  atShare,
  isByShare,
  isFlat,
  isHeldByCopy,
  isOpposed,
  keptWords,
  ownerWords,
  pnlOfCopy,
  shareWords,
  shownShares,
  sidesOf,
} from './shares.ts'

const hand: ShareView = {
  id: 'hand',
  routeId: 'r1',
  source: 'MANUAL',
  followId: null,
  strategyName: null,
  webhookTail: null,
  side: 'LONG',
  size: '0.03',
  atExchange: '0',
  entryPrice: '50000',
  unrealizedPnl: null,
  stopLoss: '49000',
  takeProfit: null,
  protection: 'PROTECTED',
  openedAt: null,
}
const copy: ShareView = { ...hand, id: 'copy', source: 'FOLLOW', followId: 'f', strategyName: 'Pulse', side: 'SHORT', entryPrice: '50200' }
const position: PositionView = {
  id: 'p',
  accountId: 'a',
  followId: null,
  symbol: 'BTC/USDT:USDT',
  marketId: 'BTCUSDT',
  side: 'LONG',
  positionSide: 'BOTH',
  size: '0',
  entryPrice: '0',
  markPrice: null,
  leverage: 5,
  marginMode: 'cross',
  unrealizedPnl: null,
  unrealizedPnlPercent: null,
  liquidationPrice: null,
  margin: null,
  stopLoss: null,
  takeProfit: null,
  protection: 'PROTECTED',
  openedAt: null,
  syncedAt: '2026-01-01T00:00:00.000Z',
  version: 1,
  shares: [hand, copy],
}

describe('shares of a position', () => {
  it('are shown unless one’s own hand has it alone', () => {
    expect(shownShares({ ...position, shares: undefined })).toEqual([])
    expect(shownShares({ ...position, shares: [hand] })).toEqual([])
    expect(shownShares({ ...position, shares: [copy] })).toEqual([copy])
    expect(shownShares(position)).toEqual([hand, copy])
  })

  it('make what each of them makes at the newest mark, though nothing is left at the exchange', () => {
    const live = atMark(position, '50100')
    expect([isFlat(position), isOpposed(position), live.pnl?.toFixed()]).toEqual([true, true, '0'])
    expect(atShare(live, hand).pnl?.toFixed()).toBe('3')
    expect(atShare(live, copy).pnl?.toFixed()).toBe('3')
    expect(atShare(live, { ...hand, entryPrice: null }).pnl).toBeNull()
    expect(atShare(atMark(position, undefined), { ...hand, unrealizedPnl: '2.5' }).pnl?.toFixed()).toBe('2.5')
    expect([sidesOf(position).LONG.toFixed(), sidesOf(position).SHORT.toFixed()]).toEqual(['0.03', '0.03'])
  })

  it('count for a copy with its own part alone', () => {
    const live = atMark({ ...position, size: '0.06', entryPrice: '1' }, '50100')
    expect(pnlOfCopy(live, 'f')?.toFixed()).toBe('3')
    expect([isHeldByCopy(position, 'f'), isHeldByCopy(position, null), isHeldByCopy(position, 'g')]).toEqual([true, true, false])
    expect(isHeldByCopy({ ...position, followId: 'f', shares: [hand] }, 'f')).toBe(false)
    expect(isHeldByCopy({ ...position, followId: 'f', shares: undefined }, 'f')).toBe(true)
  })

  it('have a stop in common only on one side and at one price', () => {
    const same = { ...copy, side: 'LONG' as const }
    expect(isByShare(position, 'stopLoss')).toBe(true)
    expect(isByShare({ ...position, shares: [hand, same] }, 'stopLoss')).toBe(false)
    expect(isByShare({ ...position, shares: [hand, { ...same, stopLoss: null }] }, 'stopLoss')).toBe(true)
    expect(isByShare({ ...position, shares: undefined }, 'stopLoss')).toBe(false)
  })

  it('say whose they are and where they are guarded', () => {
    expect(keptWords(hand)).toBe('All of it watched here')
    expect(keptWords({ ...hand, atExchange: '0.01' })).toBe('0.01 at the exchange, 0.02 watched here')
    expect(keptWords({ ...hand, atExchange: '0.03' })).toBe('All of it at the exchange')
    const webhook: ShareView = { ...hand, source: 'WEBHOOK', webhookTail: 'x7Qa' }
    expect([hand, copy, webhook, { ...webhook, webhookTail: null }].map(ownerWords)).toEqual([
      'Your own hand',
      'Your copy of Pulse',
      'Your webhook ending in x7Qa',
      'A webhook that is gone',
    ])
    expect([hand, copy, { ...webhook, webhookTail: null }].map(shareWords)).toEqual([
      'your own share',
      'your copy of Pulse',
      'a webhook that is gone',
    ])
  })
})

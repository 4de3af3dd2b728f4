import type { OrderView } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { buildSteps } from './build-steps.ts'

const at = (ms: number): Date => new Date(Date.UTC(2026, 0, 5) + ms)

function order(
  times: Partial<Record<'submittedAt' | 'ackedAt' | 'filledAt' | 'protectedAt' | 'endedAt', number>>,
  leg = 'open',
): OrderView {
  const iso = (ms: number | undefined) => (ms === undefined ? null : at(ms).toISOString())
  return {
    id: 'o',
    accountId: 'a',
    signalId: 's',
    symbol: 'BTC/USDT:USDT',
    leg,
    side: 'buy',
    type: 'market',
    quantity: '1',
    filled: '1',
    price: null,
    triggerPrice: null,
    averagePrice: null,
    reduceOnly: false,
    state: 'FILLED',
    reason: null,
    reasonText: null,
    clientOrderId: 'c',
    exchangeOrderId: null,
    createdAt: at(0).toISOString(),
    submittedAt: iso(times.submittedAt),
    ackedAt: iso(times.ackedAt),
    filledAt: iso(times.filledAt),
    protectedAt: iso(times.protectedAt),
    endedAt: iso(times.endedAt),
    version: 1,
  }
}

function stepsOf(decidedMs: number | null, orders: readonly OrderView[]): [string, number][] {
  const decidedAt = decidedMs === null ? null : at(decidedMs)
  return buildSteps({ receivedAt: at(0), committedAt: at(3), decidedAt, orders }).map(({ step, ms }) => [step, ms])
}

describe('the way of a signal', () => {
  it('begins with its arrival and goes as far as it got', () => {
    expect(stepsOf(null, [])).toEqual([
      ['received', 0],
      ['stored', 3],
    ])
    expect(stepsOf(8, [])).toEqual([
      ['received', 0],
      ['stored', 3],
      ['decided', 8],
    ])
  })

  it('shows each step when it first happened', () => {
    const orders = [
      order({ submittedAt: 20, ackedAt: 30, filledAt: 31, endedAt: 31, protectedAt: 60 }),
      order({ submittedAt: 12, ackedAt: 44 }),
    ]
    expect(stepsOf(8, orders)).toEqual([
      ['received', 0],
      ['stored', 3],
      ['decided', 8],
      ['sent', 12],
      ['acknowledged', 30],
      ['filled', 31],
      ['protected', 60],
    ])
  })

  it('ends without a fill where every order is over', () => {
    expect(stepsOf(8, [order({ submittedAt: 12, endedAt: 30 }), order({ endedAt: 40 })]).at(-1)).toEqual(['ended', 40])
    expect(stepsOf(8, [order({ submittedAt: 12, endedAt: 30 }), order({})]).at(-1)).toEqual(['sent', 12])
  })

  it('leaves the times of stops and targets to the position', () => {
    expect(stepsOf(8, [order({ submittedAt: 500, ackedAt: 510 }, 'stop')])).toEqual([
      ['received', 0],
      ['stored', 3],
      ['decided', 8],
    ])
  })
})

import { REASONS, type ReasonCode } from '@matic/contracts'
import { expect, it } from 'vitest'
import { shownToLeader } from './shown-to-leader.ts'

const codes = Object.keys(REASONS).filter((code): code is ReasonCode => Object.hasOwn(REASONS, code))

it('what a follower reads of themselves or of their leader is said to the leader in other words', () => {
  const spoken = codes.filter((code) => /\b(you|your|yours|leader)\b/i.test(REASONS[code]))
  expect(spoken.length).toBeGreaterThan(15)
  const numbers = { symbol: 'BTC/USDT:USDT', side: 'LONG' }
  const said = spoken.map((reason) => shownToLeader({ reason, numbers }).reasonText ?? '')
  for (const [index, code] of spoken.entries()) {
    expect(said[index], code).not.toBe(REASONS[code].replace('{symbol}', numbers.symbol).replace('{side}', numbers.side))
    expect(said[index], code).not.toMatch(/\bleader\b|\{\w+\}/i)
  }
  expect(shownToLeader({ reason: 'LEADER_SIZE_UNKNOWN', numbers }).reasonText).toContain('their size goes by it')
})

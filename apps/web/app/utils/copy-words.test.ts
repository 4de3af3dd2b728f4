import type { CopyPlan } from '@matic/contracts'
import { expect, it } from 'vitest'
import { copyLineWords } from './copy-words.ts'

const plan: CopyPlan = {
  outcome: 'ORDERS',
  intent: 'open',
  symbol: 'BTC/USDT:USDT',
  reason: null,
  reasonText: null,
  numbers: {},
  steps: [],
  price: '50000',
  quantityBase: '0.025',
  notionalQuote: '1250',
  marginQuote: '125',
  leverage: 10,
  feeQuote: null,
  stopPrice: null,
  targetPrice: null,
  orders: [],
}

it('an example in a line is a sentence, whatever comes of it', () => {
  expect(copyLineWords('0.05 BTC', plan)).toBe('Leader 0.05 BTC → you 0.025 BTC, margin 125.00 USDT')
  expect(copyLineWords('0.05 BTC', { ...plan, quantityBase: null })).toBe('Leader 0.05 BTC → you close what you hold')
  const refused = { ...plan, outcome: 'BLOCKED' as const, reasonText: 'The size 0.0002 (10 USDT) is below the market minimum.' }
  expect(copyLineWords('0.05 BTC', refused)).toBe('Leader 0.05 BTC → not copied. The size 0.0002 (10 USDT) is below the market minimum.')
})

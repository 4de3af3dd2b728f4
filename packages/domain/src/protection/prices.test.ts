import { Decimal } from 'decimal.js'
import { expect, it } from 'vitest'
import { protectionPrices } from './prices.ts'

const none = { stopPrice: null, targetPrice: null, stopFraction: null, targetFraction: null }
const d = (text: string) => new Decimal(text)

it.each([
  ['a long stop below, its target above', 'LONG', '100', { stopFraction: d('0.05'), targetFraction: d('0.1') }, '95', '110'],
  ['a short stop above, its target below', 'SHORT', '100', { stopFraction: d('0.05'), targetFraction: d('0.1') }, '105', '90'],
  ['a price over a fraction', 'LONG', '100', { stopPrice: d('97'), stopFraction: d('0.05') }, '97', null],
  [
    'a long stop and target rounded towards the entry',
    'LONG',
    '100.13',
    { stopFraction: d('0.05'), targetFraction: d('0.1') },
    '95.2',
    '110.1',
  ],
  [
    'a short stop and target rounded towards the entry',
    'SHORT',
    '100.13',
    { stopFraction: d('0.05'), targetFraction: d('0.1') },
    '105.1',
    '90.2',
  ],
  ['nothing where nothing is wanted', 'LONG', '100', {}, null, null],
  ['no target at or below zero', 'SHORT', '100', { targetFraction: d('1') }, null, null],
] as const)('gives %s', (_name, side, entry, wish, stop, target) => {
  const prices = protectionPrices({ side, entryPrice: d(entry), tickSize: d('0.1'), wish: { ...none, ...wish } })
  expect([prices.stopPrice?.toFixed() ?? null, prices.targetPrice?.toFixed() ?? null]).toEqual([stop, target])
})

import { DEFAULT_RULES } from '@matic/contracts'
import { expect, it } from 'vitest'
import { changedFields, errorsOf, patchOf, symbolList, wholeNumber } from './rule-draft'
import { RULE_GROUPS } from './rule-fields'

it('every rule has its place on the page, once', () => {
  const shown = RULE_GROUPS.flatMap(({ fields }) => fields.map(({ field }) => field))
  expect(shown.toSorted()).toEqual(Object.keys(DEFAULT_RULES).toSorted())
})

it('sends what was changed, as the API takes it', () => {
  const draft = { ...DEFAULT_RULES, stopLossPercent: ' 2.5 ', maxNotional: null, targets: [{ percent: '1', share: '50' }] }
  const fields = changedFields(draft, DEFAULT_RULES)
  expect(fields).toEqual(['stopLossPercent', 'targets'])
  expect(patchOf(draft, fields)).toEqual({ patch: { stopLossPercent: '2.5', targets: draft.targets }, errors: {} })
})

it('says beside a field what is wrong with it', () => {
  const draft = {
    ...DEFAULT_RULES,
    maxLeverage: 'ten',
    equityPercent: '150',
    targets: [
      { percent: '1', share: '60' },
      { percent: '2', share: '60' },
    ],
  }
  const { patch, errors } = patchOf(draft, changedFields(draft, DEFAULT_RULES))
  expect(patch).toEqual({})
  expect(Object.keys(errors).toSorted()).toEqual(['equityPercent', 'maxLeverage', 'targets'])
  expect(errorsOf({ 'changes.fixedQuantity': ['Write it'], defaultLeverage: ['Too high'], other: 5 })).toEqual({
    fixedQuantity: 'Write it',
    defaultLeverage: 'Too high',
  })
})

it('reads whole numbers and lists of symbols as they are typed', () => {
  expect([wholeNumber(' 12 '), wholeNumber(''), wholeNumber('1.5')]).toEqual([12, null, '1.5'])
  expect(symbolList('BTCUSDT, ETHUSDT\nSOLUSDT;')).toEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT'])
})

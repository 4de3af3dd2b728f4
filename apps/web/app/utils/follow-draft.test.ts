import { FOLLOW_SIZING_MODES, ForcedSettings } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { draftOf, draftOfSuggested, locksOf, settingsOf } from './follow-draft.ts'

describe('the draft of a follow', () => {
  it('begins with what the leader suggests, and with what is usual for the rest', () => {
    const draft = draftOfSuggested({ sizing: { mode: 'fixed-margin', marginQuote: '60' }, leverage: 3 })
    expect(settingsOf(draft).settings).toMatchObject({
      sizing: { mode: 'fixed-margin', marginQuote: '60' },
      leverage: 3,
      direction: 'normal',
    })
    expect(settingsOf(draftOfSuggested({})).settings).toMatchObject({ sizing: { mode: 'equity-to-equity', multiplier: '1' } })
  })

  it('comes back as it went in, in every mode', () => {
    for (const sizingMode of FOLLOW_SIZING_MODES) {
      const { settings } = settingsOf({ ...draftOfSuggested({}), sizingMode })
      expect(settings).toMatchObject({ sizing: { mode: sizingMode } })
      if (settings !== null) expect(settingsOf(draftOf(settings)).settings).toEqual(settings)
    }
  })

  it('says what is wrong beside the field it is wrong in', () => {
    const usual = draftOfSuggested({})
    expect(settingsOf({ ...usual, multiplier: '-1' }).errors).toHaveProperty('multiplier')
    expect(settingsOf({ ...usual, sizingMode: 'risk-from-stop', riskPercent: '200' }).errors).toHaveProperty('riskPercent')
    expect(settingsOf({ ...usual, maxSignalAgeSeconds: null }).errors).toHaveProperty('maxSignalAgeSeconds')
    expect(settingsOf({ ...usual, sizingMode: 'tiered', tiers: [{ upToQuote: '5', ratio: '1' }] }).errors).toHaveProperty('tiers')
  })

  it('names what the leader decides for everybody', () => {
    const locks = locksOf(ForcedSettings.parse({ maxLeverage: 5, marginMode: 'isolated', symbols: ['BTC/USDT:USDT'] }))
    expect(locks.leverage).toMatchObject({ isFixed: false, words: 'At most 5×, the leader’s limit.' })
    expect(locks.marginMode).toMatchObject({ isFixed: true, value: 'isolated' })
    expect(locks.allowedSymbols?.words).toContain('only BTC/USDT')
    expect(locksOf(ForcedSettings.parse({}))).toEqual({})
  })
})

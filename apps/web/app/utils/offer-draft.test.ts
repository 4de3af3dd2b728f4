import { CanarySettings, ForcedSettings, routes, type CopyTermsView } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { draftOfTerms, offerFieldAt, offerOf, toldWords } from './offer-draft.ts'

const terms: CopyTermsView = {
  strategyId: '018f0000-0000-7000-8000-000000000000',
  name: 'Trend',
  leader: 'Old hand',
  isOwn: true,
  visibility: 'PUBLIC',
  state: 'PUBLISHED',
  isOffered: true,
  source: 'WEBHOOK',
  suggested: {},
  forced: ForcedSettings.parse({ maxLeverage: 5 }),
  profitSharePercent: '10',
  managementPercent: '0',
  followers: 0,
  told: 0,
  maxFollowers: null,
  showsAmounts: false,
  canary: CanarySettings.parse({ percent: 10, holdMs: 200 }),
  version: 1,
}

describe('an offer', () => {
  it('is sent as it was read, those who go first included', () => {
    const body = routes.copying.putTerms.body.parse(offerOf(draftOfTerms(terms)))
    expect(body).toMatchObject({ canary: terms.canary, forced: terms.forced, source: 'WEBHOOK', showsAmounts: false })
  })

  it('says who hears of a change that binds everybody', () => {
    expect([0, 1, 60].map((people) => toldWords(people, 'these').split(' a change')[0])).toEqual([
      'Nobody follows yet, so nobody is told of',
      'One follower is told of',
      '60 followers are told of',
    ])
  })

  it('says at its field what is wrong with those who go first', () => {
    const offer = offerOf({ ...draftOfTerms(terms), canaryHoldMs: 1, canaryRejectPercent: null })
    const issues = routes.copying.putTerms.body.safeParse(offer).error?.issues ?? []
    expect(issues.map(({ path }) => offerFieldAt(path)).toSorted()).toEqual(['canaryHoldMs', 'canaryRejectPercent'])
  })
})

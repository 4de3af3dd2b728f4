import type { UserView } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { planWords } from './plan-words.ts'

const nowMs = Date.parse('2026-03-01T12:00:00Z')
const user: UserView = {
  id: '1',
  email: 'a@b.test',
  fullName: 'Ada',
  publicName: null,
  phone: null,
  address: null,
  role: 'USER',
  isActive: true,
  isEmailVerified: true,
  hasTwoStep: false,
  followMails: true,
  subscription: null,
}
const having = (status: string, endDate: string) => planWords({ ...user, subscription: { plan: 'MONTHLY', status, endDate } }, nowMs)

describe('a plan in words', () => {
  it('counts the days of a trial, and warns near its end', () => {
    expect(having('TRIAL', '2026-03-15T12:00:00Z')).toMatchObject({ plan: 'Monthly', state: 'Trial, 14 days left', tone: 'good' })
    expect(having('TRIAL', '2026-03-02T11:00:00Z')).toMatchObject({ state: 'Trial, 1 day left', tone: 'warning' })
  })

  it('says that nothing opens once it is over, whatever the status still says', () => {
    expect(having('TRIAL', '2026-03-01T11:59:59Z')).toMatchObject({ state: 'Trial over', tone: 'bad' })
    expect(having('ACTIVE', '2026-02-01T00:00:00Z')).toMatchObject({ state: 'Expired', tone: 'bad' })
    expect(having('CANCELED', '2026-06-01T00:00:00Z')).toMatchObject({ state: 'Cancelled', tone: 'bad' })
  })

  it('says what a person without one waits for', () => {
    expect(planWords({ ...user, isActive: false, isEmailVerified: false }, nowMs).meaning).toMatch(/e-mail/)
    expect(planWords({ ...user, isActive: false }, nowMs).meaning).toMatch(/administrator/)
  })
})

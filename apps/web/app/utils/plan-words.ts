import type { UserView } from '@matic/contracts'

export interface PlanWords {
  readonly plan: string
  readonly state: string
  /** What it means for trading, in one sentence. */
  readonly meaning: string
  readonly tone: 'good' | 'warning' | 'bad'
}

const DAY_MS = 86_400_000
const SOON_DAYS = 3
const PLANS: Readonly<Record<string, string>> = { MONTHLY: 'Monthly', YEARLY: 'Yearly' }

/** A subscription in words. Whatever its state, closes and protection go on. */
export function planWords({ subscription, isEmailVerified, isActive }: UserView, nowMs: number): PlanWords {
  if (subscription === null) {
    const meaning = !isEmailVerified
      ? 'The fourteen free days begin when your e-mail address is confirmed.'
      : isActive
        ? 'Nothing new opens. Closes, stops and targets go on.'
        : 'An administrator has to activate your account first.'
    return { plan: 'None yet', state: 'Not started', meaning, tone: 'warning' }
  }
  const plan = PLANS[subscription.plan] ?? subscription.plan
  const leftDays = Math.ceil((Date.parse(subscription.endDate) - nowMs) / DAY_MS)
  const isLive = subscription.status === 'TRIAL' || subscription.status === 'ACTIVE'
  if (!isLive || leftDays <= 0) {
    const state = subscription.status === 'CANCELED' ? 'Cancelled' : subscription.status === 'TRIAL' ? 'Trial over' : 'Expired'
    return { plan, state, meaning: 'Nothing new opens. Closes, stops and targets go on.', tone: 'bad' }
  }
  const days = `${leftDays} day${leftDays === 1 ? '' : 's'} left`
  const tone = leftDays <= SOON_DAYS ? 'warning' : 'good'
  if (subscription.status === 'TRIAL') return { plan, state: `Trial, ${days}`, meaning: 'Everything is open while it lasts.', tone }
  return { plan, state: `Active, ${days}`, meaning: 'Everything is open.', tone }
}

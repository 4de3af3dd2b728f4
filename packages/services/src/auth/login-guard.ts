import type { Limits } from '@matic/platform'

/** Slows down guessing. Counts failures per e-mail and address together, so that nobody can lock out somebody else. */
export interface LoginGuard {
  /** @throws AppError RATE_LIMITED */
  check(who: Guess): Promise<void>
  failed(who: Guess): Promise<void>
  succeeded(who: Guess): Promise<void>
}

export interface Guess {
  readonly email: string
  readonly ip: string
}

const WINDOW_MS = 15 * 60_000
const message = 'Too many failed logins. Wait a few minutes and try again.'

export function createLoginGuard({ limits }: { limits: Limits }): LoginGuard {
  const perPerson = limits.create({ name: 'login', points: 10, durationMs: WINDOW_MS, message })
  const perAddress = limits.create({ name: 'login-ip', points: 100, durationMs: WINDOW_MS, message })
  const keyOf = ({ email, ip }: Guess) => `${ip} ${email}`.slice(0, 200)
  // Over the limit is answered by the next check.
  const count = (promise: Promise<void>) => promise.catch(() => undefined)

  return {
    async check(who) {
      await Promise.all([perPerson.check(keyOf(who)), perAddress.check(who.ip)])
    },
    async failed(who) {
      await Promise.all([count(perPerson.consume(keyOf(who))), count(perAddress.consume(who.ip))])
    },
    async succeeded(who) {
      await perPerson.forget(keyOf(who))
    },
  }
}

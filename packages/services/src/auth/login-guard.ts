import { AppError } from '@matic/contracts'
import type { Clock } from '@matic/platform'

/** Slows down guessing. Counts failures per e-mail and address, so that nobody can lock out somebody else. */
export interface LoginGuard {
  /** @throws AppError RATE_LIMITED */
  check(who: Guess): void
  failed(who: Guess): void
  succeeded(who: Guess): void
}

export interface Guess {
  readonly email: string
  readonly ip: string
}

const FAILURES_MAX = 10
const WINDOW_MS = 15 * 60_000
const ENTRIES_MAX = 50_000

export function createLoginGuard({ clock }: { clock: Clock }): LoginGuard {
  const failures = new Map<string, { count: number; sinceMs: number }>()
  const keyOf = ({ email, ip }: Guess) => `${ip} ${email}`

  return {
    check(who) {
      const entry = failures.get(keyOf(who))
      if (!entry || entry.count < FAILURES_MAX) return
      const waitMs = entry.sinceMs + WINDOW_MS - clock.monotonic()
      if (waitMs <= 0) return
      throw new AppError('RATE_LIMITED', 'Too many failed logins. Wait a few minutes and try again.', {
        details: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
      })
    },
    failed(who) {
      const nowMs = clock.monotonic()
      const entry = failures.get(keyOf(who))
      if (entry && nowMs - entry.sinceMs < WINDOW_MS) {
        entry.count += 1
        return
      }
      if (failures.size >= ENTRIES_MAX) failures.clear()
      failures.set(keyOf(who), { count: 1, sinceMs: nowMs })
    },
    succeeded(who) {
      failures.delete(keyOf(who))
    },
  }
}

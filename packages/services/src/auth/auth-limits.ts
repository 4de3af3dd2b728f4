import type { Limit, Limits } from '@matic/platform'

const HOUR_MS = 3_600_000

/** How often people may try what is worth guessing or costs a mail. */
export interface AuthLimits {
  /** By address. */
  readonly register: Limit
  /** By address. */
  readonly forgot: Limit
  /** By e-mail, known or not. */
  readonly forgotEmail: Limit
  /** By address. */
  readonly reset: Limit
  /** By user: codes sent by mail. */
  readonly mailedCode: Limit
  /** All users together: wrong codes, so that many accounts cannot be sprayed. */
  readonly wrongCodes: Limit
  /** By user and address: password or second step of somebody signed in or signing in. */
  readonly proof: Limit
}

export function createAuthLimits(limits: Limits): AuthLimits {
  return {
    register: limits.create({ name: 'register', points: 30, durationMs: HOUR_MS }),
    forgot: limits.create({ name: 'forgot', points: 30, durationMs: HOUR_MS }),
    forgotEmail: limits.create({ name: 'forgot-email', points: 5, durationMs: HOUR_MS }),
    reset: limits.create({ name: 'reset', points: 30, durationMs: HOUR_MS }),
    mailedCode: limits.create({ name: 'mailed-code', points: 5, durationMs: HOUR_MS, message: 'Five codes an hour. Wait a little.' }),
    wrongCodes: limits.create({ name: 'wrong-codes', points: 2_000, durationMs: HOUR_MS }),
    proof: limits.create({ name: 'proof', points: 10, durationMs: 15 * 60_000 }),
  }
}

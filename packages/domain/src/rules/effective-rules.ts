import type { Rules } from '@matic/contracts'

/** What one account has differently; what is not named is inherited. */
export type RuleOverrides = Partial<Rules>

/** The rules that hold for an account: its owner's, with what it overrides. The one place where the two meet. */
export function effectiveRules(own: Rules, overrides: RuleOverrides | null): Rules {
  return { ...own, ...overrides }
}

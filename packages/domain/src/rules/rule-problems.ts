import type { RuleField, Rules } from '@matic/contracts'

export type RuleProblems = Partial<Record<RuleField, readonly string[]>>

/** What does not go together, by field, in words for people. Each field by itself has been checked before. */
export function ruleProblems(rules: Rules): RuleProblems {
  const problems: RuleProblems = {}
  if (rules.defaultLeverage > rules.maxLeverage)
    problems.defaultLeverage = [`Must not be above the maximum leverage of ${rules.maxLeverage}`]
  if (rules.sizingMode === 'fixed-quantity' && rules.fixedQuantity === null)
    problems.fixedQuantity = ['Write the quantity that each order should have']
  if (rules.breakEvenAfterTarget !== null && rules.breakEvenAfterTarget > rules.targets.length)
    problems.breakEvenAfterTarget = [`There are only ${rules.targets.length} targets`]
  return problems
}

import { AppError, type Rules } from '@matic/contracts'
import { ruleProblems } from '@matic/domain'

/** @throws AppError VALIDATION_FAILED with what does not go together, by field */
export function refuseProblems(rules: Rules): void {
  const problems = ruleProblems(rules)
  if (Object.keys(problems).length > 0) throw new AppError('VALIDATION_FAILED', 'Some fields are not right', { details: problems })
}

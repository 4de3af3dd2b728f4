export { effectiveRules, type RuleOverrides } from './effective-rules.ts'
export { ruleProblems } from './rule-problems.ts'

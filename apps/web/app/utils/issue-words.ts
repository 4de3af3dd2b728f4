import type { z } from 'zod'

/** What is wrong with a field of a form. Numbers that forms hold as numbers are whole ones; decimals are texts and bring words of their own. */
export function issueWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big' && isNumber(issue.origin)) return `At most ${issue.maximum}`
  if (issue.code === 'too_small' && isNumber(issue.origin)) return `At least ${issue.minimum}`
  if (issue.code === 'invalid_type' && isNumber(issue.expected)) return 'Write a whole number'
  return issue.message
}

const isNumber = (kind: string): boolean => kind === 'number' || kind === 'int'

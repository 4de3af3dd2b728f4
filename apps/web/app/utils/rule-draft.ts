import { RULE_FIELDS, RulesPatch, type RuleField, type Rules } from '@matic/contracts'
import { issueWords } from './issue-words.ts'
import type { DraftValue, RulesDraft } from './rule-fields'

export type RuleErrors = Partial<Record<RuleField, string>>

export function isSame(one: DraftValue | undefined, other: DraftValue | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Fields in which a draft differs from what is saved. */
export function changedFields(draft: RulesDraft, saved: Rules): RuleField[] {
  return RULE_FIELDS.filter((field) => !isSame(draft[field], saved[field]))
}

/** These fields of a draft as the API takes them, or what is wrong with them. */
export function patchOf(draft: RulesDraft, fields: readonly RuleField[]): { patch: RulesPatch; errors: RuleErrors } {
  const parsed = RulesPatch.safeParse(Object.fromEntries(fields.map((field) => [field, draft[field]])))
  if (parsed.success) return { patch: parsed.data, errors: {} }
  const errors: RuleErrors = {}
  for (const issue of parsed.error.issues) {
    const field = RULE_FIELDS.find((one) => one === issue.path[0])
    if (field !== undefined) errors[field] ??= issueWords(issue)
  }
  return { patch: {}, errors }
}

/** What the API found, by field; `changes.` and `set.` before a name are its own. */
export function errorsOf(details: Readonly<Record<string, unknown>> | undefined): RuleErrors {
  const errors: RuleErrors = {}
  for (const [path, texts] of Object.entries(details ?? {})) {
    const field = RULE_FIELDS.find((one) => path.split('.').includes(one))
    if (field !== undefined && Array.isArray(texts)) errors[field] = String(texts[0])
  }
  return errors
}

/** What is typed into a box for a whole number. */
export function wholeNumber(text: string): number | string | null {
  const trimmed = text.trim()
  return trimmed === '' ? null : /^\d+$/.test(trimmed) ? Number(trimmed) : trimmed
}

export function symbolList(text: string): string[] {
  return text.split(/[\s,;]+/).filter((symbol) => symbol !== '')
}

import { translate } from './dialects/index.ts'
import { mendJson } from './mend-json.ts'
import { isKnownToBeHarmful, keyOf, put, refuse, type BodyRead, type Refused } from './fields.ts'

const DEPTH_MAX = 8
const FIELDS_MAX = 256
/** Objects whose fields mean something else than the same names outside: a target's limitPrice is not the order's. */
const KEPT_APART = /^(stoploss|sl|takeprofits?|tps?|targets?|trailingstop|trailing|extras)\d{0,3}$/

export function readJson(text: string): BodyRead {
  const parsed = tryParse(text) ?? tryParse(mendJson(text))
  if (parsed === undefined) {
    return refuse('ALERT_NOT_UNDERSTOOD', 'The alert starts like JSON and is not: look for a missing quote, comma or brace.', {
      start: text.slice(0, 60),
    })
  }
  const fields = new Map<string, string>()
  const problem = collect(parsed, fields, { depth: 1, path: '' })
  if (problem !== undefined) return problem
  const dialect = translate(fields, 'json')
  if (typeof dialect === 'object') return dialect
  return { ok: true, fields, dialect: dialect ?? 'json' }
}

function tryParse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Nested objects are read as if their fields stood outside; on a clash the outer one stays. */
function collect(value: object, fields: Map<string, string>, { depth, path }: { depth: number; path: string }): Refused | undefined {
  if (depth > DEPTH_MAX) return refuse('ALERT_NOT_UNDERSTOOD', `The alert is nested more than ${DEPTH_MAX} deep.`, {})
  const nested: [string, object][] = []
  const entries: [string, unknown][] = Object.entries(value)
  for (const [key, item] of entries) {
    if (isKnownToBeHarmful(key)) continue
    if (Array.isArray(item)) {
      const list: unknown[] = item
      put(fields, `${path}${key} list`, String(list.length))
      for (const [index, one] of list.entries())
        if (typeof one === 'object' && one !== null && !Array.isArray(one)) nested.push([`${key}${index + 1}`, one])
    } else if (typeof item === 'object' && item !== null) nested.push([key, item])
    else if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') put(fields, `${path}${key}`, String(item))
    if (fields.size > FIELDS_MAX) return refuse('ALERT_NOT_UNDERSTOOD', `The alert has more than ${FIELDS_MAX} fields.`, {})
  }
  for (const [key, item] of nested) {
    const inner = new Map<string, string>()
    const problem = collect(item, inner, { depth: depth + 1, path: KEPT_APART.test(keyOf(key)) ? key : '' })
    if (problem) return problem
    for (const [name, text] of inner) if (!fields.has(name)) fields.set(name, text)
  }
  return undefined
}

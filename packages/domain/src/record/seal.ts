import { Exact } from '../metrics/exact.ts'
import { canonicalJson } from './canonical-json.ts'
import type { RecordContent } from './types.ts'

/** SHA-256 of UTF-8 text as lower-case hex. Comes in from outside: browsers and servers have one each. */
export type Sha256 = (text: string) => string

/** What is nobody's business but the leader's: amounts of quote and sizes. */
const SEALED = {
  value: ['pnl', 'equity', 'netDeposits'],
  trade: ['entryBase', 'grossPnl', 'fees', 'funding'],
} as const
const PLACES = 12

/**
 * The form that new rows have: amounts are hashed together with a salt, so that the row can be shown, and its hash recomputed, without them. What a trade
 * made is told beside them over the equity when it was opened, which is enough for every ratio.
 * @param equity quote, when the trade was opened; null where it is not known
 * @param salt 32 hex digits that nobody can guess
 */
export function sealable(content: RecordContent, equity: string | null, salt: string): RecordContent {
  if (content.kind === 'void') return content
  if (content.kind === 'value') return { ...content, v: 2, salt }
  const made = new Exact(content.grossPnl).sub(content.fees).add(content.funding)
  const result = equity === null || new Exact(equity).lte(0) ? null : made.div(equity).toDecimalPlaces(PLACES).toFixed()
  return { ...content, v: 2, result, salt }
}

/** What everybody may see of a row's content, and what its hash is of. Rows from before the amounts were sealed are as they were. Pure. */
export function publicContent(sha256: Sha256, content: unknown): unknown {
  if (!isSealable(content)) return content
  const { salt, ...rest } = content
  const names: readonly string[] = SEALED[content.kind]
  const entries = Object.entries(rest)
  const amounts = Object.fromEntries(entries.filter(([name]) => names.includes(name)))
  const shown = Object.fromEntries(entries.filter(([name]) => !names.includes(name)))
  return { ...shown, sealed: sha256(`${salt}\n${canonicalJson(amounts)}`) }
}

/**
 * The same without amounts that are not sealed, as rows from before have them: for a leader who shows none. The hash of such a row cannot be recomputed from
 * what is left. Pure.
 */
export function withoutAmounts(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || !('kind' in content)) return content
  if (content.kind !== 'value' && content.kind !== 'trade') return content
  const names: readonly string[] = SEALED[content.kind]
  return Object.fromEntries(Object.entries(content).filter(([name]) => !names.includes(name)))
}

interface Sealable {
  readonly v: 2
  readonly kind: keyof typeof SEALED
  readonly salt: string
}

function isSealable(content: unknown): content is Sealable {
  if (typeof content !== 'object' || content === null || !('v' in content && 'kind' in content && 'salt' in content)) return false
  return content.v === 2 && (content.kind === 'value' || content.kind === 'trade') && typeof content.salt === 'string'
}

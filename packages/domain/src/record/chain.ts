import { canonicalJson } from './canonical-json.ts'
import { publicContent, type Sha256 } from './seal.ts'
import type { RecordRow } from './types.ts'

/** What the first row is chained to. It names the strategy, so that a chain cannot be passed off as another's. */
export function chainRoot(sha256: Sha256, strategyId: string): string {
  return sha256(`matic-trade track record 1\n${strategyId}`)
}

/**
 * The hash of a row: SHA-256 over the hash before it, its number and its canonical content, a line each. Of a row whose amounts are sealed it is the same
 * whether they are there or not.
 */
export function rowHash(sha256: Sha256, row: Pick<RecordRow, 'previousHash' | 'number' | 'content'>): string {
  return sha256(`${row.previousHash}\n${row.number}\n${canonicalJson(publicContent(sha256, row.content))}`)
}

export interface ChainHead {
  readonly number: number
  readonly hash: string
}

/** content: the row is not what was hashed. order: a row before it is missing or it was moved. missing: rows that were published are gone from the end. */
export interface ChainFault {
  readonly number: number
  readonly fault: 'content' | 'order' | 'missing'
}

export interface ChainVerdict {
  readonly rows: number
  readonly head: ChainHead
  /** The first row that does not fit; null when all do. */
  readonly firstFault: ChainFault | null
}

/**
 * Recomputes a chain from its root.
 * @param published the last row that was published, kept apart from the rows
 */
export function verifyChain(sha256: Sha256, strategyId: string, rows: readonly RecordRow[], published: ChainHead | null): ChainVerdict {
  const root = chainRoot(sha256, strategyId)
  let head: ChainHead = { number: 0, hash: root }
  for (const row of rows) {
    const fault = faultOf(sha256, row, head)
    if (fault) return { rows: rows.length, head, firstFault: { number: head.number + 1, fault } }
    head = { number: row.number, hash: row.hash }
  }
  return { rows: rows.length, head, firstFault: missingFault(rows, head, published) }
}

function faultOf(sha256: Sha256, row: RecordRow, before: ChainHead): 'content' | 'order' | null {
  if (row.number !== before.number + 1 || row.previousHash !== before.hash) return 'order'
  return rowHash(sha256, row) === row.hash ? null : 'content'
}

function missingFault(rows: readonly RecordRow[], head: ChainHead, published: ChainHead | null): ChainFault | null {
  if (published === null || published.number === 0) return null
  if (head.number < published.number) return { number: head.number + 1, fault: 'missing' }
  return rows[published.number - 1]?.hash === published.hash ? null : { number: published.number, fault: 'content' }
}

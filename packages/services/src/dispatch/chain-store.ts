import type { HoldState } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { EMPTY_CHAIN, type Chain } from '@matic/domain/chain/advance'

/** One sender's alerts for one market; account is empty unless they name one. */
export interface ChainKey {
  readonly sourceId: string
  readonly ticker: string
  readonly account: string
}

export interface StoredChain extends ChainKey {
  chain: Chain
  /** Whether its owner wants opens after a gap to wait. */
  readonly holdsGaps: boolean
}

/** What a release repeats. */
export interface HeldSignal {
  readonly id: string
  readonly userId: string
  readonly alert: unknown
  readonly receivedAt: Date
  readonly state: HoldState
}

/** A run longer ago than this is another run. */
const REMEMBERED = "interval '1 day'"

export function keyText({ sourceId, ticker, account }: ChainKey): string {
  return `${sourceId} ${account} ${ticker}`
}

/** The chains of these senders and markets, by key; an empty one where nothing is known. Read only once the sources are held. */
export async function readChains(tx: Transaction, keys: readonly ChainKey[]): Promise<Map<string, StoredChain>> {
  const rows = await tx.query<ChainKey & { chain: Chain | null; holdsGaps: boolean }>(
    `SELECT DISTINCT k.s AS "sourceId", k.t AS ticker, k.a AS account, c.state AS chain, coalesce(w.hold_gaps, false) AS "holdsGaps"
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k(s, t, a)
       LEFT JOIN signal_chain c ON c.source_id = k.s AND c.ticker = k.t AND c.account = k.a AND c.updated_at > clock_timestamp() - ${REMEMBERED}
       LEFT JOIN webhook w ON w.id = k.s`,
    [keys.map((key) => key.sourceId), keys.map((key) => key.ticker), keys.map((key) => key.account)],
  )
  return new Map(rows.map((row) => [keyText(row), { ...row, chain: row.chain ?? EMPTY_CHAIN }]))
}

/** Every chain of these senders. */
export async function findKeys(tx: Transaction, sourceIds: readonly string[]): Promise<ChainKey[]> {
  if (sourceIds.length === 0) return []
  return tx.query<ChainKey>(
    `SELECT source_id AS "sourceId", ticker, account FROM signal_chain WHERE source_id = ANY($1::uuid[]) AND updated_at > clock_timestamp() - ${REMEMBERED}`,
    [sourceIds],
  )
}

/** Held signals by id. @param locked what is decided about them is about to be written */
export async function readHeld(tx: Transaction, ids: readonly string[], locked: boolean): Promise<Map<string, HeldSignal>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<HeldSignal>(
    `SELECT s.id, s.user_id AS "userId", s.alert, s.received_at AS "receivedAt", h.state
       FROM signal_hold h JOIN signal s ON s.id = h.signal_id
      WHERE h.signal_id = ANY($1::uuid[]) ORDER BY h.signal_id ${locked ? 'FOR UPDATE OF h' : ''}`,
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

import { Alert } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { advance, EMPTY_CHAIN, type Advanced, type Chain, type Link } from '@matic/domain/chain/advance'
import type { SignalRow } from './load-batch.ts'

/** What to write beside a decision where the sender's chain of positions has a gap or came out of order. */
export type ChainNotes = ReadonlyMap<string, Readonly<Record<string, string>>>

interface Earlier {
  readonly id: string
  readonly sourceId: string
  readonly alert: unknown
}

/** A run longer ago than this is another run. */
const REMEMBERED = "interval '1 day'"
const REMEMBERED_MAX = 200

/** Reads each market's chain up to these signals. Costs nothing where no alert says its position before. */
export async function readChainNotes(tx: Transaction, rows: readonly SignalRow[]): Promise<ChainNotes> {
  const linked = rows.map((row) => ({ row, alert: Alert.parse(row.alert) })).filter(({ alert }) => linkOf('', alert) !== null)
  if (linked.length === 0) return new Map()
  const earlier = await tx.query<Earlier>(
    `SELECT e.id, e.source_id AS "sourceId", e.alert
       FROM (SELECT DISTINCT s, t FROM unnest($1::uuid[], $2::text[]) AS x(s, t)) AS k
      CROSS JOIN LATERAL (SELECT id, source_id, alert, received_at FROM signal
                           WHERE source_id = k.s AND ticker = k.t AND state = 'DISPATCHED' AND source = 'WEBHOOK' AND id <> ALL($3::uuid[])
                             AND received_at > clock_timestamp() - ${REMEMBERED}
                           ORDER BY received_at DESC LIMIT ${REMEMBERED_MAX}) AS e
      ORDER BY e.received_at, e.id`,
    [linked.map(({ row }) => row.sourceId), linked.map(({ alert }) => alert.ticker), linked.map(({ row }) => row.id)],
  )
  const chains = new Map<string, Chain>()
  const take = (sourceId: string, alert: Alert, id: string): Advanced | null => {
    const link = linkOf(id, alert)
    if (link === null) return null
    const key = `${sourceId} ${alert.ticker}`
    const next = advance(chains.get(key) ?? EMPTY_CHAIN, link)
    chains.set(key, next.chain)
    return next
  }
  for (const { id, sourceId, alert } of earlier) take(sourceId, Alert.parse(alert), id)
  const notes = new Map<string, Record<string, string>>()
  for (const { row, alert } of linked) {
    const note = noteOf(take(row.sourceId, alert, row.id))
    if (note !== null) notes.set(row.id, note)
  }
  return notes
}

/** Sizes count only where both are said. */
function linkOf(id: string, alert: Alert): Link | null {
  const { marketPosition, previousMarketPosition, marketPositionSize, previousMarketPositionSize, alertAtMs } = alert
  if (marketPosition === null || previousMarketPosition === null) return null
  const sized = marketPositionSize !== null && previousMarketPositionSize !== null
  const name = (position: string, size: string | null) => (position === 'flat' || !sized ? position : `${position} ${size ?? ''}`)
  return {
    id,
    from: name(previousMarketPosition, previousMarketPositionSize),
    to: name(marketPosition, marketPositionSize),
    firedAtMs: alertAtMs,
  }
}

function noteOf(advanced: Advanced | null): Record<string, string> | null {
  if (advanced === null || (advanced.missing === null && advanced.verdict === 'in-order')) return null
  const { verdict, missing } = advanced
  return { chain: verdict, ...(missing === null ? {} : { missingFrom: missing.from, missingTo: missing.to }) }
}

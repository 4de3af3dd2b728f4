import type { Queryable } from '@matic/db'
import { Decimal } from 'decimal.js'
import type { GapFillRow } from './copy-gap-rows.ts'

/** What was told of a mirrored account: a change of one position, and the newest of the fills that made it. */
export interface ToldChange {
  readonly signalId: string
  readonly key: string | null
  readonly committedAtMs: number
  readonly symbol: string
  readonly positionSide: string
  /** Signed base. */
  readonly from: string
  readonly to: string
  readonly tradeIds: readonly string[]
}

/** A fill of the leader's with where it stands. */
export type MirroredFill = GapFillRow & { readonly symbol: string; readonly positionSide: string }

/**
 * Fills of a mirrored account as what its followers copied: each has the signal that told of it. Two changes may have been told at once of the same fills;
 * the first takes of them what it moved. A signal names fifty fills, so an older one goes with the next that is named.
 */
export function linkToldChanges(fills: readonly MirroredFill[], told: readonly ToldChange[]): MirroredFill[] {
  const marketOf = ({ symbol, positionSide }: { symbol: string; positionSide: string }) => `${symbol} ${positionSide}`
  const changes = Map.groupBy(told, marketOf)
  return [...Map.groupBy(fills, (fill) => `${marketOf(fill)} ${fill.side}`).values()].flatMap((own) => {
    const [first] = own
    if (first === undefined) return []
    const isUp = first.side === 'buy'
    const open = (changes.get(marketOf(first)) ?? [])
      .map((change) => ({ change, names: new Set(change.tradeIds), moved: new Decimal(change.to).sub(change.from) }))
      .filter(({ moved }) => !moved.isZero() && moved.isPositive() === isUp)
      .map((one) => ({ ...one, left: one.moved.abs() }))
    const oldestLast = own.toSorted((a, b) => a.atMs - b.atMs || (a.tradeId < b.tradeId ? -1 : 1))
    const named = oldestLast.map(({ tradeId }) => open.filter(({ names }) => names.has(tradeId)))
    for (let index = named.length - 2; index >= 0; index -= 1) if (named[index]?.length === 0) named[index] = named[index + 1] ?? []
    return oldestLast.map((fill, index) => {
      const by = named[index] ?? []
      const taker = by.find(({ left }) => left.gt(0)) ?? by.at(-1)
      if (taker === undefined) return fill
      taker.left = taker.left.sub(fill.quantityBase)
      const { signalId, key, committedAtMs } = taker.change
      return { ...fill, signalId, signalSource: 'ACCOUNT', signalKey: key, committedAtMs }
    })
  })
}

/** Of an account since then, in their order. */
export async function loadToldChanges(db: Queryable, accountId: string, sinceMs: number): Promise<ToldChange[]> {
  return db.query<ToldChange>(
    `SELECT id AS "signalId", idempotency_key AS key, (extract(epoch FROM committed_at) * 1000)::float8 AS "committedAtMs", seen->>'symbol' AS symbol, seen->>'positionSide' AS "positionSide",
            seen->>'from' AS "from", seen->>'to' AS "to", coalesce(seen->'fills', '[]') AS "tradeIds"
       FROM (SELECT g.*, convert_from(g.raw_body, 'UTF8')::jsonb AS seen FROM signal g
              WHERE g.source_id = $1 AND g.source = 'ACCOUNT' AND g.alert->>'action' <> 'protect' AND g.received_at > to_timestamp($2::float8 / 1000) - interval '1 minute') s
      ORDER BY received_at, id`,
    [accountId, sinceMs],
  )
}

import type { RecordedTrade } from '../record/read-rows.ts'

/** Trades from `from` up to `to`; null: no end. */
export interface Bucket {
  readonly from: number
  readonly to: number | null
  readonly trades: number
}

const LEVERAGE_EDGES = [0, 1, 2, 3, 5, 10, 20]
const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400
const HOLDING_EDGES = [0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 8 * HOUR, DAY, 3 * DAY, 7 * DAY]

/** Trades by what was held over the equity; those of unknown equity are left out. */
export function leverageBuckets(trades: readonly RecordedTrade[]): Bucket[] {
  return buckets(
    LEVERAGE_EDGES,
    trades.flatMap(({ leverage }) => (leverage === null ? [] : [leverage.toNumber()])),
  )
}

/** Trades by how long they were open, seconds. */
export function holdingBuckets(trades: readonly RecordedTrade[]): Bucket[] {
  return buckets(
    HOLDING_EDGES,
    trades.map(({ openedAtMs, closedAtMs }) => (closedAtMs - openedAtMs) / 1_000),
  )
}

function buckets(edges: readonly number[], values: readonly number[]): Bucket[] {
  return edges.map((from, index) => {
    const to = edges[index + 1] ?? null
    return { from, to, trades: values.filter((value) => value >= from && (to === null || value < to)).length }
  })
}

import type { Transaction } from '@matic/db'
import {
  chainRoot,
  rowHash,
  sealable,
  valueStep,
  type ChainHead,
  type EquitySample,
  type RecordContent,
  type ValueContent,
} from '@matic/domain'
import { Decimal } from 'decimal.js'
import type { ServiceContext } from '../context.ts'
import { loadNewTrades } from './record-trades.ts'
import { saveFigures } from './save-figures.ts'
import { sha256 } from './sha256.ts'

/** Whose trades and worth a record tells: one account, from the moment the strategy began. */
export interface RecordSource {
  readonly strategyId: string
  readonly userId: string
  readonly accountId: string
  readonly since: Date
}

interface Head extends ChainHead {
  readonly valuedTo: Date | null
}

const HOUR_MS = 3_600_000

/**
 * Adds to a strategy's record what is not told yet: trades that closed, corrections of told ones, and what became of the account's worth.
 * One writer at a time; whatever dies in between, the next round goes on where the record ends.
 * @returns how many rows were added
 */
export async function extendRecord({ ctx, input }: { ctx: ServiceContext; input: RecordSource }): Promise<number> {
  return ctx.db.transaction(async (tx) => {
    const head = await lockHead(tx, input)
    // Amounts are few enough to be tried: what is hashed with them nobody can guess.
    const newSalt = () => Buffer.from(ctx.random.bytes(16)).toString('hex')
    const trades = await loadNewTrades(tx, input, newSalt)
    const values = await nextValues(tx, input, head, { always: trades.length > 0 })
    const contents: RecordContent[] = [...trades, ...values.map((value) => sealable(value, null, newSalt()))]
    if (contents.length === 0) return 0

    const valuedTo = values.at(-1)?.toMs
    const end = await appendRows(tx, input, head, contents)
    await tx.query(
      `UPDATE record_head SET number = $2, hash = $3, valued_to = coalesce($4::timestamptz, valued_to), updated_at = clock_timestamp() WHERE strategy_id = $1`,
      [input.strategyId, end.number, end.hash, valuedTo === undefined ? null : new Date(valuedTo)],
    )
    await saveFigures(tx, input)
    return contents.length
  })
}

async function lockHead(tx: Transaction, { strategyId, userId, accountId }: RecordSource): Promise<Head> {
  await tx.query(
    `INSERT INTO record_head (strategy_id, user_id, account_id, hash) VALUES ($1, $2, $3, $4) ON CONFLICT (strategy_id) DO NOTHING`,
    [strategyId, userId, accountId, chainRoot(sha256, strategyId)],
  )
  const [head] = await tx.query<Head>(
    `SELECT number, hash, valued_to AS "valuedTo" FROM record_head WHERE strategy_id = $1 AND user_id = $2 FOR UPDATE`,
    [strategyId, userId],
  )
  if (!head) throw new Error('A record belongs to somebody else')
  return head
}

/**
 * What became of the worth since it was last told, a row for each UTC hour; the first time from the first reading on. The hour that is not
 * over yet waits, unless a trade closed in it.
 */
async function nextValues(tx: Transaction, source: RecordSource, head: Head, { always }: { always: boolean }): Promise<ValueContent[]> {
  const rows = await tx.query<{ at: Date; equity: string; netDeposits: string }>(
    `SELECT at, equity, net_deposits AS "netDeposits" FROM equity_snapshot
      WHERE account_id = $1 AND user_id = $2 AND at >= coalesce($3::timestamptz, $4::timestamptz) ORDER BY at`,
    [source.accountId, source.userId, head.valuedTo, source.since],
  )
  const samples = rows.map((row): EquitySample => ({
    atMs: row.at.getTime(),
    equity: new Decimal(row.equity),
    netDeposits: new Decimal(row.netDeposits),
  }))
  const [before, ...later] = samples
  const last = later.at(-1)
  if (before === undefined || last === undefined) return []
  const isLastDue = always || head.valuedTo === null || last.atMs - before.atMs >= HOUR_MS
  const hours = [...Map.groupBy(later, ({ atMs }) => Math.floor(atMs / HOUR_MS)).values()]
  let earlier = before
  return (isLastDue ? hours : hours.slice(0, -1)).flatMap((hour) => {
    const value = valueStep(earlier, hour)
    earlier = hour.at(-1) ?? earlier
    return value === null ? [] : [value]
  })
}

async function appendRows(
  tx: Transaction,
  { strategyId, userId }: RecordSource,
  head: ChainHead,
  contents: readonly RecordContent[],
): Promise<ChainHead> {
  const rows: { number: number; content: RecordContent; previousHash: string; hash: string }[] = []
  let end = head
  for (const content of contents) {
    const row = { number: end.number + 1, content, previousHash: end.hash }
    end = { number: row.number, hash: rowHash(sha256, row) }
    rows.push({ ...row, hash: end.hash })
  }
  await tx.query(
    `INSERT INTO record_row (strategy_id, user_id, number, content, trade_id, previous_hash, hash)
     SELECT $1, $2, n, c::jsonb, t, p, h FROM unnest($3::int[], $4::text[], $5::uuid[], $6::text[], $7::text[]) AS x(n, c, t, p, h)`,
    [
      strategyId,
      userId,
      rows.map((row) => row.number),
      rows.map((row) => JSON.stringify(row.content)),
      rows.map(({ content }) => (content.kind === 'value' ? null : content.tradeId)),
      rows.map((row) => row.previousHash),
      rows.map((row) => row.hash),
    ],
  )
  return end
}

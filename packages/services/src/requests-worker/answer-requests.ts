import type { ErrorCode } from '@matic/contracts'
import type { ExchangeFailure, ExchangePort } from '@matic/exchange/port'
import { z } from 'zod'
import type { ServiceContext } from '../context.ts'

const Klines = z.object({
  exchange: z.string().default('PAPER'),
  symbol: z.string(),
  interval: z.string(),
  limit: z.coerce.number().int().min(1).max(1_500).default(500),
})
const Ticker = z.object({ exchange: z.string().default('PAPER'), symbol: z.string() })

interface RequestRow {
  id: string
  accountId: string | null
  kind: string
  params: unknown
}

type Answer = { readonly result: unknown } | { readonly errorCode: ErrorCode }

interface Input {
  readonly ctx: ServiceContext
  readonly exchanges: ReadonlyMap<string, ExchangePort>
  /** Brings an account up to date as soon as its lane is free. */
  readonly sync: (accountId: string) => Promise<void>
}

const BATCH = 20
/** Nobody waits for an older one any more. */
const STALE_S = 30

/**
 * Answers what the api asks of exchanges. A row stays locked while it is answered, so that two workers never do the same and a
 * dead one's rows are taken up at once. @returns how many were answered
 */
export async function answerRequests({ ctx, exchanges, sync }: Input): Promise<number> {
  const ids = await ctx.db.transaction(async (tx) => {
    const rows = await tx.query<RequestRow>(
      `SELECT id, account_id AS "accountId", kind, params FROM exchange_request WHERE state = 'PENDING' AND kind NOT IN ('CHECK_ACCOUNT', 'MARGIN') ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
      [BATCH],
    )
    const answers = await Promise.all(rows.map((row) => answer(row, { ctx, exchanges, sync })))
    if (rows.length === 0) return []
    await tx.query(
      `UPDATE exchange_request r SET state = CASE WHEN x.e IS NULL THEN 'DONE' ELSE 'FAILED' END, result = x.v::jsonb, error_code = x.e, answered_at = clock_timestamp()
         FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x(id, v, e) WHERE r.id = x.id`,
      [
        rows.map((row) => row.id),
        answers.map((given) => ('result' in given ? JSON.stringify(given.result ?? null) : null)),
        answers.map((given) => ('errorCode' in given ? given.errorCode : null)),
      ],
    )
    return rows.map((row) => row.id)
  })
  if (ids.length > 0) ctx.bus.publish('answers', { ids })
  return ids.length
}

async function answer(row: RequestRow, input: Input): Promise<Answer> {
  try {
    switch (row.kind) {
      case 'KLINES':
        return await klines(row, input)
      case 'TICKER':
        return await ticker(row, input)
      case 'SYNC':
        if (!row.accountId) return { errorCode: 'NO_ACCOUNT' }
        await input.sync(row.accountId)
        return { result: { accountId: row.accountId } }
      default:
        return { errorCode: 'VALIDATION_FAILED' }
    }
  } catch (err) {
    input.ctx.log.warn({ err, requestId: row.id, kind: row.kind }, 'a request to an exchange failed')
    return { errorCode: err instanceof z.ZodError ? 'VALIDATION_FAILED' : 'INTERNAL' }
  }
}

async function klines(row: RequestRow, { exchanges }: Input): Promise<Answer> {
  const { exchange, symbol, interval, limit } = Klines.parse(row.params)
  const candles = await exchanges.get(exchange)?.fetchCandles({ symbol, interval, limit })
  if (!candles) return { errorCode: 'EXCHANGE_UNAVAILABLE' }
  return candles.ok ? { result: candles.value } : failed(candles.failure)
}

async function ticker(row: RequestRow, { exchanges }: Input): Promise<Answer> {
  const { exchange, symbol } = Ticker.parse(row.params)
  const port = exchanges.get(exchange)
  const marks = await port?.fetchMarks()
  if (!marks) return { errorCode: 'EXCHANGE_UNAVAILABLE' }
  if (!marks.ok) return failed(marks.failure)
  const markPrice = marks.value.marks[symbol]
  if (markPrice === undefined) return { errorCode: 'MARKET_NOT_FOUND' }
  return { result: { symbol, markPrice, at: new Date(marks.value.atMs).toISOString() } }
}

function failed(failure: ExchangeFailure): Answer {
  return { errorCode: failure.verdict === 'REJECTED' ? 'MARKET_NOT_FOUND' : 'EXCHANGE_UNAVAILABLE' }
}

/** Ends requests that nobody waits for any more, and forgets old ones. */
export async function sweepRequests(ctx: ServiceContext): Promise<void> {
  await ctx.db.query(`DELETE FROM exchange_request WHERE created_at < clock_timestamp() - make_interval(secs => $1) * 20`, [STALE_S])
}

import type { ExchangeFailure } from '@matic/exchange/port'
import { z } from 'zod'
import type { ExecutionContext } from '../execution/context.ts'

interface RequestRow {
  id: string
  userId: string
  accountId: string
  exchange: string
  params: unknown
}

const Params = z.object({ positionId: z.uuid(), amount: z.string() })

interface Outcome {
  readonly errorCode: 'ORDER_REFUSED' | 'EXCHANGE_UNAVAILABLE' | 'VALIDATION_FAILED' | null
  readonly text: string | null
}

const BATCH = 20
/** Nobody waits for an older one any more, so it must not happen either. */
const STALE_S = 10

/**
 * Moves margin between accounts and their isolated positions. Each request is marked SENT before it leaves and is never sent again: what
 * became of one whose worker died is seen in the position. @returns how many were taken
 */
export async function changeMargins(ctx: ExecutionContext): Promise<number> {
  const rows = await ctx.db.query<RequestRow>(
    `UPDATE exchange_request r SET state = 'SENT' FROM account a
      WHERE a.id = r.account_id AND r.id IN (
        SELECT id FROM exchange_request WHERE kind = 'MARGIN' AND state = 'PENDING' AND created_at > clock_timestamp() - make_interval(secs => $2)
         ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)
     RETURNING r.id, r.user_id AS "userId", r.account_id AS "accountId", a.exchange, r.params`,
    [BATCH, STALE_S],
  )
  await Promise.all(rows.map((row) => carryOut(ctx, row)))
  return rows.length
}

async function carryOut(ctx: ExecutionContext, row: RequestRow): Promise<void> {
  const { errorCode, text } = await change(ctx, row)
  await ctx.db.transaction(async (tx) => {
    await tx.query(`UPDATE exchange_request SET state = $2, result = $3, error_code = $4, answered_at = clock_timestamp() WHERE id = $1`, [
      row.id,
      errorCode === null ? 'DONE' : 'FAILED',
      JSON.stringify({ text }),
      errorCode,
    ])
    await tx.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [row.accountId])
  })
  ctx.bus.publish('answers', { ids: [row.id] })
}

async function change(ctx: ExecutionContext, row: RequestRow): Promise<Outcome> {
  const params = Params.safeParse(row.params)
  const port = ctx.exchanges.get(row.exchange)
  const handle = await ctx.keys.open(row.accountId)
  if (!params.success || !port || !handle) return { errorCode: 'VALIDATION_FAILED', text: null }
  const [position] = await ctx.db.query<{ symbol: string; positionSide: 'BOTH' | 'LONG' | 'SHORT' }>(
    `SELECT symbol, position_side AS "positionSide" FROM position WHERE id = $1 AND account_id = $2 AND user_id = $3 AND quantity_base > 0`,
    [params.data.positionId, row.accountId, row.userId],
  )
  if (!position) return { errorCode: 'ORDER_REFUSED', text: 'The position is closed.' }
  const result = await port.changeMargin(handle, { ...position, amount: params.data.amount })
  if (result.ok) return { errorCode: null, text: null }
  ctx.log.warn({ requestId: row.id, code: result.failure.code, text: result.failure.text }, 'margin was not moved')
  return outcomeOf(result.failure)
}

function outcomeOf({ execution, text, code }: ExchangeFailure): Outcome {
  if (execution === 'unknown') return { errorCode: 'EXCHANGE_UNAVAILABLE', text: null }
  return { errorCode: 'ORDER_REFUSED', text: `The exchange refused it: ${text} (${code}).` }
}

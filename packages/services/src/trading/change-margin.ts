import { createHash } from 'node:crypto'
import { AppError, type PositionView } from '@matic/contracts'
import { awaitAnswer } from '../requests/index.ts'
import { findPosition } from './find-position.ts'
import type { TradingContext } from './manual-signal.ts'

interface ChangeMargin {
  readonly userId: string
  readonly positionId: string
  /** Quote; below zero takes back. */
  readonly amount: string
  /** The same key never moves money twice. */
  readonly idempotencyKey: string | undefined
}

const LOOK_EVERY_MS = 100

/**
 * Moves margin into or out of an isolated position, at most once: where it is not known whether it happened, nothing is repeated.
 * @throws AppError POSITION_NOT_FOUND; CONFLICT for a position that is not isolated; ORDER_REFUSED in the exchange's words;
 * EXCHANGE_UNAVAILABLE when nobody can say what came of it
 */
export async function changeMargin({
  ctx,
  input,
}: {
  ctx: TradingContext
  input: ChangeMargin
}): Promise<{ position: PositionView; settled: boolean }> {
  const { position, account } = await findPosition({ db: ctx.db, input })
  if (position.marginMode !== 'isolated')
    throw new AppError('CONFLICT', 'This position shares the margin of the whole account. Only an isolated one has margin of its own.')

  const id = input.idempotencyKey === undefined ? ctx.newId() : idOf(`${input.userId} ${position.id} ${input.idempotencyKey}`)
  using watch = ctx.desk.watchRequest(id)
  await ctx.db.query(
    `INSERT INTO exchange_request (id, user_id, account_id, kind, params) VALUES ($1, $2, $3, 'MARGIN', $4) ON CONFLICT (id) DO NOTHING`,
    [id, input.userId, account.id, JSON.stringify({ positionId: position.id, amount: input.amount })],
  )
  ctx.doorbell.ring('request')

  const answer = await awaitAnswer({ ctx, id, watch })
  if (answer === undefined) throw unknownOutcome()
  if (answer.state === 'FAILED') throw answer.errorCode === 'ORDER_REFUSED' ? refused(answer.result) : unknownOutcome()
  return untilRead(ctx, input, id)
}

/** The row follows when the account was read after the exchange had answered. */
async function untilRead(
  ctx: TradingContext,
  input: ChangeMargin,
  requestId: string,
): Promise<{ position: PositionView; settled: boolean }> {
  const deadlineMs = ctx.clock.monotonic() + ctx.timings.apiRequestWaitMs
  using watch = ctx.desk.watchFacts()
  for (;;) {
    const [row] = await ctx.db.query<{ isRead: boolean }>(
      `SELECT p.synced_at >= r.answered_at AS "isRead" FROM position p JOIN exchange_request r ON r.id = $3 WHERE p.id = $1 AND p.user_id = $2`,
      [input.positionId, input.userId, requestId],
    )
    const settled = row?.isRead === true
    if (settled || ctx.clock.monotonic() >= deadlineMs) return { position: (await findPosition({ db: ctx.db, input })).position, settled }
    await watch.next(LOOK_EVERY_MS)
  }
}

function refused(result: unknown): AppError {
  const text = typeof result === 'object' && result !== null && 'text' in result ? String(result.text) : 'The exchange refused it'
  return new AppError('ORDER_REFUSED', text)
}

function unknownOutcome(): AppError {
  return new AppError('EXCHANGE_UNAVAILABLE', 'It is not known yet whether the exchange did it. Look at the margin before you try again.')
}

/** A UUID that the same words always give. */
function idOf(words: string): string {
  const hex = createHash('sha256').update(words).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

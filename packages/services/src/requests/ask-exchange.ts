import { AppError } from '@matic/contracts'
import type { ServiceContext } from '../context.ts'
import type { AnswerDesk } from './answer-desk.ts'
import { awaitAnswer } from './await-answer.ts'

export interface ExchangeQuestion {
  readonly kind: 'KLINES' | 'TICKER' | 'SYNC'
  readonly params: Record<string, string | number>
  readonly userId?: string
  readonly accountId?: string
}

/**
 * Only workers talk to exchanges: commits a question and waits for its answer.
 * @throws AppError MARKET_NOT_FOUND; EXCHANGE_UNAVAILABLE when none answered, or not in time
 */
export async function askExchange({
  ctx,
  input,
}: {
  ctx: ServiceContext & { readonly desk: AnswerDesk }
  input: ExchangeQuestion
}): Promise<unknown> {
  const id = ctx.newId()
  using watch = ctx.desk.watchRequest(id)
  await ctx.db.query('INSERT INTO exchange_request (id, user_id, account_id, kind, params) VALUES ($1, $2, $3, $4, $5)', [
    id,
    input.userId ?? null,
    input.accountId ?? null,
    input.kind,
    JSON.stringify(input.params),
  ])
  ctx.doorbell.ring('request')

  const answer = await awaitAnswer({ ctx, id, watch })
  if (!answer) throw new AppError('EXCHANGE_UNAVAILABLE', 'The exchange did not answer in time. Try again.')
  if (answer.state === 'FAILED') throw failed(answer.errorCode)
  return answer.result
}

function failed(code: string | null): AppError {
  if (code === 'MARKET_NOT_FOUND') return new AppError(code, 'The exchange does not know this market')
  return new AppError('EXCHANGE_UNAVAILABLE', 'The exchange could not answer. Try again.', { details: { reason: code } })
}

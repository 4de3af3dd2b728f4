import { AppError } from '@matic/contracts'
import { findMarket } from '../markets-read/index.ts'
import { findAccount } from './accounts.ts'
import { manualAlert } from './manual-alert.ts'
import { assertNotRefused, sendManualSignal, type Outcome, type TradingContext } from './manual-signal.ts'

export interface ClosePosition {
  readonly userId: string
  readonly accountId: string | undefined
  readonly symbol: string
  /** Of a hedged account this side alone; both where left out. */
  readonly side?: 'LONG' | 'SHORT'
  readonly idempotencyKey: string | undefined
  readonly requestId: string | null
}

/**
 * Closes all of a position, whoever opened it, and clears its working orders. Never held up by switches, rules or subscriptions.
 * @throws AppError NO_ACCOUNT, POSITION_NOT_FOUND, ORDER_REFUSED
 */
export async function closePosition({ ctx, input }: { ctx: TradingContext; input: ClosePosition }): Promise<Outcome> {
  const account = await findAccount({ db: ctx.db, input })
  const { symbol } = await findMarket({ db: ctx.db, symbol: input.symbol, exchange: account.exchange }).catch((error: unknown) => {
    throw new AppError('POSITION_NOT_FOUND', `There is no open position in ${input.symbol}`, { cause: error })
  })
  const alert = manualAlert({
    ticker: symbol,
    action: input.side === undefined ? 'close' : input.side === 'LONG' ? 'close-long' : 'close-short',
    idempotencyKey: `close-${input.idempotencyKey ?? ctx.newId()}`,
    atMs: ctx.clock.now(),
  })
  const rawBody = Buffer.from(
    JSON.stringify({ action: 'close', symbol: input.symbol, ...(input.side === undefined ? {} : { side: input.side }) }),
  )
  const outcome = await sendManualSignal({
    ctx,
    input: { userId: input.userId, accountId: account.id, alert, rawBody, requestId: input.requestId },
  })

  if (outcome.placed.reason === 'NOTHING_TO_CLOSE') throw new AppError('POSITION_NOT_FOUND', `There is no open position in ${symbol}`)
  assertNotRefused(outcome)
  return outcome
}

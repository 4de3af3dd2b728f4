import { AppError, type Ticker } from '@matic/contracts'
import type { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import type { MarkBook } from './mark-book.ts'
import { findMarket, HOME_EXCHANGE } from './markets.ts'

/** @throws AppError MARKET_NOT_FOUND; EXCHANGE_UNAVAILABLE while no price is known */
export async function getTicker({
  ctx,
  input,
}: {
  ctx: ServiceContext & { readonly marks: MarkBook }
  input: { symbol: string }
}): Promise<z.infer<typeof Ticker>> {
  const market = await findMarket({ db: ctx.db, symbol: input.symbol })
  const live = ctx.marks.find(HOME_EXCHANGE, market.symbol)
  if (live) return { symbol: market.symbol, markPrice: live.price, at: new Date(live.atMs).toISOString() }
  if (!market.mark) throw new AppError('EXCHANGE_UNAVAILABLE', `No price of ${market.symbol} is known yet. Try again in a moment.`)
  return { symbol: market.symbol, markPrice: market.mark.price, at: market.mark.at.toISOString() }
}

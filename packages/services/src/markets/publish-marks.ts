import type { ExchangePort } from '@matic/exchange/port'
import type { ServiceContext } from '../context.ts'

/** Tells the bus the marks of one exchange, and stores them when `store`. @returns false when the exchange did not answer */
export async function publishMarks({
  ctx,
  exchange,
  port,
  store,
}: {
  ctx: ServiceContext
  exchange: string
  port: ExchangePort
  store: boolean
}): Promise<boolean> {
  const read = await port.fetchMarks()
  if (!read.ok) return false
  const { atMs, marks } = read.value
  ctx.bus.publish('prices', { exchange, atMs, marks: { ...marks } })
  if (!store) return true
  await ctx.db.query(
    `UPDATE market m SET mark_price = x.p, mark_at = to_timestamp($4::float8 / 1000.0) FROM unnest($2::text[], $3::numeric[]) AS x(s, p) WHERE m.exchange = $1 AND m.symbol = x.s`,
    [exchange, Object.keys(marks), Object.values(marks), atMs],
  )
  return true
}

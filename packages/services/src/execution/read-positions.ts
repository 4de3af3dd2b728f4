import type { AccountHandle, ExchangePort, ExchangeResult } from '@matic/exchange/port'
import type { PositionReading } from './apply-positions.ts'
import type { ExecutionContext } from './context.ts'

/** The exchange's list of positions with the database time at which it was asked. */
export async function readPositions(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
): Promise<ExchangeResult<PositionReading>> {
  const askedAtMs = await databaseNow(ctx)
  const positions = await port.fetchPositions(handle)
  return positions.ok ? { ok: true, value: { askedAtMs, positions: positions.value } } : positions
}

/** Epoch ms by the database's clock, which leases, limits and readings go by. */
export async function databaseNow(ctx: ExecutionContext): Promise<number> {
  const rows = await ctx.db.query<{ nowMs: number }>(`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`)
  return Math.floor(rows[0]?.nowMs ?? ctx.clock.now())
}

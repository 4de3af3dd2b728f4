import type { ExecutionContext } from './context.ts'

/** Measures the clock of each exchange we trade on against ours, and ours against the database's, which leases go by. */
export async function measureClocks(ctx: ExecutionContext): Promise<void> {
  const databaseOffsetMs = await measureDatabase(ctx)
  await Promise.all(
    [...ctx.exchanges].map(async ([exchange, port]) => {
      if (!port.capabilities.certified) return
      const measured = await port.measureClock()
      if (!measured.ok) return void ctx.log.warn({ exchange, code: measured.failure.code }, 'an exchange’s clock could not be measured')
      ctx.clocks.set(exchange, { ...measured.value, databaseOffsetMs })
      if (measured.value.errorMs > ctx.timings.clockErrorMaxMs)
        ctx.log.warn({ exchange, ...measured.value }, 'an exchange’s clock is known too poorly: opens wait')
    }),
  )
}

async function measureDatabase(ctx: ExecutionContext): Promise<number> {
  const beforeMs = ctx.clock.now()
  const rows = await ctx.db.query<{ nowMs: number }>(`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`)
  return (rows[0]?.nowMs ?? beforeMs) - (beforeMs + ctx.clock.now()) / 2
}

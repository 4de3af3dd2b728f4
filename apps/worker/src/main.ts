import { EnvError, keepCompiledCode, readWorkerEnv, startMetricsServer, waitForShutdownSignal } from '@matic/platform'
import { ensureSealingKey } from '@matic/services/accounts/sealing-keys'
import { measureClocks } from '@matic/services/execution/index'
import { createWorkerContext } from './context.ts'
import { createTrading } from './loops/trading.ts'
import { createUpkeep } from './loops/upkeep.ts'

const env = readEnv()
const ctx = createWorkerContext(env)
const trading = createTrading(ctx)
const upkeep = createUpkeep(ctx)
const loops = [...trading.loops, ...upkeep.loops]

const { config } = env
const figures =
  config.metrics &&
  (await startMetricsServer({
    ...config.metrics,
    registry: ctx.metrics.registry,
    // Without its session in the database a worker is nobody and does nothing.
    isHealthy: () => ctx.worker.current() !== undefined,
    logger: ctx.log,
  }))

await ctx.worker.ready
ctx.log.info({}, 'database connected')
if (config.nodeEnv === 'production' && config.smtp === undefined)
  ctx.log.warn(
    {},
    'SMTP_HOST is not set: nobody gets a mail. New people cannot confirm their address, and forgotten passwords stay forgotten',
  )
await ensureSealingKey({ ...ctx, encryptionKey: env.secrets.encryptionKey })
await measureClocks(ctx)
ctx.hub.subscribe('invalidate', ({ kind, ids }) => {
  if (kind === 'markets') ctx.markets.refresh()
  if (kind === 'account') forgetKeys(ids)
})
ctx.bell.listen('dispatch', async () => trading.dispatch.kick())
ctx.bell.listen('execute', async () => trading.execute.kick())
ctx.bell.listen('request', async () => {
  for (const loop of upkeep.asked) loop.kick()
})
for (const loop of trading.loops) loop.start()
// One after the other, now and in every second that follows: a few connections serve them all, and trading finds the database free.
for (const [index, loop] of upkeep.loops.entries()) loop.start((index * ctx.timings.sweepMs) / upkeep.loops.length)

// Supervisors wait for this line, whatever the log level.
process.stdout.write('worker ready\n')
keepCompiledCode()

await waitForShutdownSignal()
ctx.log.info({}, 'stopping')
const deadline = setTimeout(() => process.exit(0), ctx.timings.shutdownMs)
deadline.unref()
await Promise.all(loops.map((loop) => loop.stop()))
trading.streams.close()
await trading.runner.drain()
await figures?.close()
await ctx.worker.close()
await ctx.close()
process.exit(0)

/** Deleted, sealed anew or set to another mode: opened again when it is needed. */
function forgetKeys(accountIds: readonly string[]): void {
  for (const accountId of accountIds) {
    ctx.keys.forget(accountId)
    for (const port of ctx.exchanges.values()) port.forget(accountId)
    trading.streams.forget(accountId)
  }
}

function readEnv() {
  try {
    return readWorkerEnv()
  } catch (error) {
    if (!(error instanceof EnvError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}

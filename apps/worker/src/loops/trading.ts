import { setTimeout as pause } from 'node:timers/promises'
import { createLaneRunner } from '@matic/services/execution/index'
import { createAddressShares } from '@matic/services/execution/share-addresses'
import type { LaneRunner } from '@matic/services/execution/index'
import { dispatchSignals } from '@matic/services/dispatch/index'
import { createStreamHolder, type StreamHolder } from '@matic/services/streams/index'
import type { WorkerContext } from '../context.ts'
import { createLoop } from './loop.ts'
import type { Loop } from './loop.ts'

export interface Trading {
  readonly runner: LaneRunner
  readonly streams: StreamHolder
  readonly dispatch: Loop
  readonly execute: Loop
  readonly loops: readonly Loop[]
}

const MANY = 50
/** At most so long. */
const FIRST_ORDERS_MS = 50

/** Signal → decision → order → exchange, and the comparison with it. Bells wake it, a sweep does what no bell announced. */
export function createTrading(ctx: WorkerContext): Trading {
  const { timings, log } = ctx
  const sweepMs = ctx.sabotage.noSweep ? undefined : timings.sweepMs
  const runner: LaneRunner = createLaneRunner(ctx, {
    wakeIn: (ms) => execute.kickIn(ms),
    onRoom: () => reconcile.kickIn(timings.sweepMs / 10),
  })

  const execute: Loop = createLoop({ name: 'execute', everyMs: sweepMs, log, run: () => runner.execute() })
  const dispatch = createLoop({
    name: 'dispatch',
    everyMs: sweepMs,
    log,
    async run() {
      const dispatched = await dispatchSignals({
        ctx: { ...ctx, db: ctx.decisionDb },
        input: {
          onDecided(decisions) {
            execute.kick()
            // More than one process should do: wake the others too.
            if (decisions >= MANY) ctx.doorbell.ring('execute')
            // The first orders leave before anything else is decided.
            return Promise.race([execute.idle(), pause(FIRST_ORDERS_MS * timings.scale)])
          },
        },
      })
      ctx.metrics.dispatched(dispatched)
    },
  })
  const reconcile: Loop = createLoop({ name: 'reconcile', everyMs: timings.sweepMs / 4, log, run: () => runner.reconcile() })
  const streams = createStreamHolder(ctx, { onWoken: () => reconcile.kick() })
  const listen = createLoop({
    name: 'streams',
    everyMs: timings.sweepMs,
    log,
    async run() {
      ctx.metrics.listening(await streams.sweep())
    },
  })
  const addresses = createLoop({ name: 'addresses', everyMs: timings.sweepMs, log, run: createAddressShares(ctx) })
  const renew = createLoop({ name: 'renew', everyMs: timings.leaseRenewMs, log, run: () => runner.renew() })
  return { runner, streams, dispatch, execute, loops: [addresses, dispatch, execute, reconcile, listen, renew] }
}

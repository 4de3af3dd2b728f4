import { Counter, createRegistry, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '@matic/platform'
import type { ExecutionMeter } from '@matic/services/execution/index'

export interface WorkerMetrics {
  readonly registry: Registry
  readonly meter: ExecutionMeter
  dispatched(signals: number): void
  breakersOpened(count: number): void
  listening(streams: { held: number; healthy: number }): void
  /** Follows that hold something else than they are to hold. */
  inDrift(follows: number): void
}

export function createWorkerMetrics(): WorkerMetrics {
  const registry = createRegistry('worker')
  const registers = [registry]
  const execution = new Histogram({
    name: 'order_execution_seconds',
    help: 'From the committed write-ahead of an order to the answer of the exchange',
    labelNames: ['exchange', 'leg', 'outcome'] as const,
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  })
  const signals = new Counter({ name: 'matic_signals_dispatched_total', help: 'Signals this worker decided on', registers })
  const fanOuts = new Counter({
    name: 'matic_fan_outs_settled_total',
    help: 'Fan-outs whose canary was answered, by what became of the rest',
    labelNames: ['state'] as const,
    registers,
  })
  const breakers = new Counter({
    name: 'matic_breakers_opened_total',
    help: 'Times that opens of a strategy or a venue were stopped because too many were refused',
    registers,
  })

  const drifting = new Gauge({ name: 'matic_follows_in_drift', help: 'Follows that hold something else than they are to hold', registers })

  const streams = new Gauge({
    name: 'matic_account_streams',
    help: 'Private streams of mirrored accounts that this worker holds, and those of them on which the exchange answers',
    labelNames: ['state'] as const,
    registers,
  })

  return {
    registry,
    meter: {
      orderAnswered: (labels, seconds) => execution.observe(labels, seconds),
      fanOutSettled: (state) => fanOuts.inc({ state }),
    },
    breakersOpened: (count) => breakers.inc(count),
    dispatched: (count) => signals.inc(count),
    listening({ held, healthy }) {
      streams.set({ state: 'held' }, held)
      streams.set({ state: 'healthy' }, healthy)
    },
    inDrift: (count) => drifting.set(count),
  }
}

import { Counter, createRegistry, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '@matic/platform'
import type { ExecutionMeter } from '@matic/services/execution/index'

export interface WorkerMetrics {
  readonly registry: Registry
  readonly meter: ExecutionMeter
  dispatched(signals: number): void
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

  return {
    registry,
    meter: { orderAnswered: (labels, seconds) => execution.observe(labels, seconds) },
    dispatched: (count) => signals.inc(count),
  }
}

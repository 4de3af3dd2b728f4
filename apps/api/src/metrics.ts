import { Counter, createRegistry, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, type Logger, type Registry } from '@matic/platform'
import type { Queryable } from '@matic/db'
import { readFigures, type Figures } from '@matic/services/health/index'

export interface ApiMetrics {
  readonly registry: Registry
  /** One delivery answered: `accepted`, `duplicate` or the error code. */
  webhookAnswered(outcome: string, seconds: number): void
  requestAnswered(labels: { method: string; route: string; status: number }, seconds: number): void
  /** Reads what the database knows; while it is silent, matic_up is 0 and the rest stays as it was. */
  refresh(): Promise<void>
}

const GAUGES: Readonly<Record<keyof Figures, readonly [name: string, help: string]>> = {
  signalsWaiting: ['matic_signals_waiting', 'Stored alerts without a decision yet: the depth of the queue'],
  oldestSignalWaitingSeconds: ['matic_signal_oldest_waiting_seconds', 'Age of the oldest stored alert without a decision'],
  signalsDead: ['matic_signals_dead', 'Alerts of the last 24 h that failed until they were set aside'],
  decisionsMissing: ['matic_decisions_missing', 'Dispatched alerts of the last hour without a decision for one of their routes; must be 0'],
  ordersReady: ['matic_orders_ready', 'Orders waiting to be sent'],
  oldestOrderReadySeconds: ['matic_order_oldest_ready_seconds', 'How long the oldest of them has been waiting'],
  attemptsUnresolved: ['matic_attempts_unresolved', 'Requests to exchanges whose outcome is not known yet'],
  lanesHeld: ['matic_lanes_held', 'Account lanes a living worker holds'],
  lanesFree: ['matic_lanes_free', 'Account lanes nobody needs'],
  lanesOrphaned: ['matic_lanes_orphaned', 'Account lanes of workers that are gone'],
  positionsOpen: ['matic_positions_open', 'Open positions'],
  positionsUnprotected: ['matic_positions_unprotected', 'Open positions whose wanted stop is missing; must be 0'],
  workers: ['matic_workers', 'Workers whose database session stands'],
  killSwitchesEngaged: ['matic_kill_switches_engaged', 'Kill switches that are on'],
  oldestMailWaitingSeconds: ['matic_mail_oldest_waiting_seconds', 'Age of the oldest mail that no mail server took yet'],
  accountsRefused: ['matic_accounts_refused', 'Exchange accounts that open nothing because of what their check found'],
}

export function createApiMetrics({ db, log }: { db: Queryable; log: Logger }): ApiMetrics {
  const registry = createRegistry('api')
  const registers = [registry]
  const webhooks = new Counter({
    name: 'webhook_requests_total',
    help: 'Alerts that reached the webhook door, by what was answered',
    labelNames: ['outcome'] as const,
    registers,
  })
  const webhookSeconds = new Histogram({
    name: 'webhook_answer_seconds',
    help: 'From the request to its answer; an accepted alert is stored by then',
    labelNames: ['outcome'] as const,
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'http_request_seconds',
    help: 'Answered API requests',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  })
  const up = new Gauge({ name: 'matic_up', help: '1 while the database answers', registers })
  const gauges = Object.entries(GAUGES).map(([key, [name, help]]) => ({
    key: key as keyof Figures,
    gauge: new Gauge({ name, help, registers }),
  }))

  return {
    registry,
    webhookAnswered(outcome, seconds) {
      webhooks.inc({ outcome })
      webhookSeconds.observe({ outcome: outcome === 'accepted' || outcome === 'duplicate' ? outcome : 'refused' }, seconds)
    },
    requestAnswered({ method, route, status }, seconds) {
      requestSeconds.observe({ method, route, status: String(status) }, seconds)
    },
    async refresh() {
      try {
        const figures = await readFigures({ db })
        for (const { key, gauge } of gauges) gauge.set(figures[key])
        up.set(1)
      } catch (err) {
        up.set(0)
        log.warn({ err }, 'the figures of the database could not be read')
      }
    },
  }
}

import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import type { NewSignal } from './ingest-signals.ts'

/** Tells the owner's pages of signals that have just been stored. */
export interface SignalAnnouncer {
  announce(signals: readonly NewSignal[]): void
  /** Tells what is waiting. */
  close(): Promise<void>
}

const WAITING_MAX = 5_000
const BATCH_MAX = 500

/**
 * Behind the commit and the answer, on connections of its own: a fact takes its owner's stream row, which orders at work may hold, and no
 * alert waits for those. A process that dies in between loses the news, never the signal: the decision's own fact follows.
 */
export function createSignalAnnouncer({ ctx }: { ctx: Pick<ServiceContext, 'db' | 'bus' | 'log'> }): SignalAnnouncer {
  let waiting: NewSignal[] = []
  let running: Promise<void> | null = null

  function announce(signals: readonly NewSignal[]): void {
    waiting = [...waiting, ...signals].slice(-WAITING_MAX)
    running ??= drain().finally(() => {
      running = null
    })
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH_MAX)
      await record(batch).catch((err: unknown) => ctx.log.warn({ err, signals: batch.length }, 'new signals could not be announced'))
    }
  }

  async function record(batch: readonly NewSignal[]): Promise<void> {
    const facts = batch.map(({ id, userId, source, sourceId, alert }) => ({
      userId,
      kind: 'signal-received' as const,
      entity: 'signal',
      entityId: id,
      payload: { source, sourceId, ticker: alert.ticker, action: alert.action, marketPosition: alert.marketPosition },
    }))
    const ids = await ctx.db.transaction((tx) => recordFacts(tx, facts))
    ctx.bus.publish('facts', { ids })
  }

  return {
    announce,
    async close() {
      await running
    },
  }
}

import { CERTIFIED_EXCHANGES, type Alert, type StrategySource } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { binanceCapabilities } from '@matic/exchange/binance/capabilities'
import type { SignalRow } from '../dispatch/load-batch.ts'

/** Every exchange that trades today speaks Binance's wire. */
export const EXCHANGES = new Map(CERTIFIED_EXCHANGES.map((exchange) => [exchange, { capabilities: binanceCapabilities(true) }]))

interface Received {
  readonly id: string
  readonly userId: string
  readonly source: StrategySource
  readonly sourceId: string
  readonly alert: Alert
}

/** The row that the alert would be if it came in now, at this source of this person; undefined without the source. */
export async function asIfReceived(db: Queryable, { alert, ...given }: Received): Promise<(SignalRow & { alert: Alert }) | undefined> {
  const [source] = await db.query<{ maxAgeSeconds: number | null; now: Date; nowMs: number }>(
    `SELECT w.max_age_seconds AS "maxAgeSeconds", clock_timestamp() AS now, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
       FROM app_user u LEFT JOIN webhook w ON w.user_id = u.id AND w.id = $2
      WHERE u.id = $1 AND ($3 IN ('MANUAL', 'ACCOUNT') OR w.is_active)`,
    [given.userId, given.sourceId, given.source],
  )
  if (source === undefined) return undefined
  const limits = [alert.maxAgeSeconds, source.maxAgeSeconds].filter((seconds) => seconds !== null)
  return {
    ...given,
    receivedAt: source.now,
    committedAt: source.now,
    alertAt: alert.alertAtMs === null ? null : new Date(alert.alertAtMs),
    alert: { ...alert, maxAgeSeconds: limits.length === 0 ? null : Math.min(...limits) },
    nowMs: source.nowMs,
  }
}

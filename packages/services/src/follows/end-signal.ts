import type { Alert } from '@matic/contracts'
import { manualAlert } from '../trading/manual-alert.ts'

interface End {
  readonly followId: string
  /** 0, and one more each time that something was left. */
  readonly round: number
  readonly atMs: number
}

/** The signal that closes what a follow holds, and nothing else: once for each round, whoever sends it. */
export function endOf({ followId, round, atMs }: End): { rawBody: Buffer; alert: Alert } {
  const idempotencyKey = round === 0 ? `stop-${followId}` : `stop-${followId}-${round}`
  return {
    rawBody: Buffer.from(JSON.stringify({ action: 'close-all', follow: followId, round })),
    alert: manualAlert({ ticker: '', action: 'close-all', idempotencyKey, atMs }),
  }
}

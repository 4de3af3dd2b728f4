import type { ReasonCode } from '@matic/contracts'
import type { ExchangeFailure } from '../port.ts'

/** `close` is an order that can only reduce; `read` is everything that asks and changes nothing. */
export type CallContext = 'order' | 'close' | 'cancel' | 'lookup' | 'setup' | 'read'

export interface VerdictRow {
  /** Exchange code, HTTP status (`http-429`) or transport name. */
  readonly code: string
  /** Only for these calls; every call when left out. */
  readonly contexts?: readonly CallContext[]
  /** Only when the body matches. */
  readonly text?: RegExp
  readonly verdict: ExchangeFailure['verdict']
  readonly execution: ExchangeFailure['execution']
  readonly retryable: boolean
  readonly reason: ReasonCode
}

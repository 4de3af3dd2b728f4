import type { ReasonCode } from '@matic/contracts'
import type { ExchangeFailure } from './port.ts'
import type { CallContext } from './classify.ts'

export interface VerdictRow {
  /** Exchange code, HTTP status (`http-429`) or transport name. */
  readonly code: string
  /** Only for these calls; every call when left out. */
  readonly contexts?: readonly CallContext[]
  /** Only when the answer's text matches. */
  readonly text?: RegExp
  readonly verdict: ExchangeFailure['verdict']
  readonly execution: ExchangeFailure['execution']
  readonly retryable: boolean
  readonly reason: ReasonCode
}

const row = (
  code: string,
  verdict: VerdictRow['verdict'],
  execution: VerdictRow['execution'],
  retryable: boolean,
  reason: ReasonCode,
  more: Pick<VerdictRow, 'contexts' | 'text'> = {},
): VerdictRow => ({ code, verdict, execution, retryable, reason, ...more })

/** What each answer of Binance USDⓈ-M means. First row that fits; nothing fits: UNKNOWN. */
export const BINANCE_VERDICTS: readonly VerdictRow[] = [
  // an earlier request of ours was accepted
  row('-4116', 'ADOPT', 'unknown', false, 'UNKNOWN_OUTCOME'),
  row('-20132', 'ADOPT', 'unknown', false, 'UNKNOWN_OUTCOME'),
  // refused for good
  row('-2019', 'REJECTED', 'refused', false, 'REJECTED_MARGIN'),
  row('-2018', 'REJECTED', 'refused', false, 'REJECTED_MARGIN'),
  row('-4164', 'REJECTED', 'refused', false, 'REJECTED_MINIMUM'),
  row('-4003', 'REJECTED', 'refused', false, 'REJECTED_PRECISION'),
  row('-4005', 'REJECTED', 'refused', false, 'REJECTED_PRECISION'),
  row('-4014', 'REJECTED', 'refused', false, 'REJECTED_PRECISION'),
  row('-4111', 'REJECTED', 'refused', false, 'REJECTED_PRECISION'),
  row('-1111', 'REJECTED', 'refused', false, 'REJECTED_PRECISION'),
  row('-2021', 'REJECTED', 'refused', false, 'REJECTED_WOULD_TRIGGER'),
  row('-4130', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  row('-4120', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  row('-2027', 'REJECTED', 'refused', false, 'REJECTED_LEVERAGE'),
  row('-2028', 'REJECTED', 'refused', false, 'REJECTED_LEVERAGE'),
  row('-4028', 'REJECTED', 'refused', false, 'REJECTED_LEVERAGE'),
  row('-4061', 'REJECTED', 'refused', false, 'REJECTED_POSITION_MODE'),
  row('-5022', 'REJECTED', 'refused', false, 'REJECTED_POST_ONLY'),
  row('-1121', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  row('-1102', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  row('-1106', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  row('-1116', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  row('-4015', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  row('-1022', 'AUTH', 'refused', false, 'KEY_INVALID'),
  // nothing to reduce
  row('-2022', 'MOOT', 'refused', false, 'POSITION_ALREADY_CLOSED'),
  row('-4118', 'MOOT', 'refused', false, 'POSITION_ALREADY_CLOSED', { contexts: ['close'] }),
  row('-4118', 'REJECTED', 'refused', false, 'REJECTED_OTHER'),
  // already so
  row('-4046', 'NO_OP', 'refused', false, 'REJECTED_OTHER', { contexts: ['setup'] }),
  row('-4059', 'NO_OP', 'refused', false, 'REJECTED_OTHER', { contexts: ['setup'] }),
  row('-4047', 'REJECTED', 'refused', false, 'REJECTED_OTHER', { contexts: ['setup'] }),
  row('-4048', 'REJECTED', 'refused', false, 'REJECTED_OTHER', { contexts: ['setup'] }),
  // clock
  row('-1021', 'CLOCK', 'refused', true, 'CLOCK_SKEW'),
  // too fast
  row('-1003', 'BACK_OFF', 'refused', true, 'RATE_LIMITED'),
  row('-1015', 'BACK_OFF', 'refused', true, 'RATE_LIMITED'),
  row('http-429', 'BACK_OFF', 'refused', true, 'RATE_LIMITED'),
  row('http-418', 'BACK_OFF', 'refused', true, 'RATE_LIMITED'),
  row('-1008', 'OVERLOAD', 'refused', true, 'RATE_LIMITED'),
  row('http-503', 'OVERLOAD', 'refused', true, 'RATE_LIMITED', { text: /Service Unavailable/i }),
  // key
  row('-2014', 'AUTH', 'refused', false, 'KEY_INVALID'),
  row('-2015', 'AUTH', 'refused', false, 'KEY_INVALID'),
  // lookups
  row('-2013', 'NOT_FOUND', 'refused', false, 'NOT_PLACED'),
  row('-2011', 'NOT_FOUND', 'refused', false, 'NOT_PLACED'),
  // never left this machine
  row('ECONNREFUSED', 'UNKNOWN', 'not-sent', true, 'UNKNOWN_OUTCOME'),
  row('ENOTFOUND', 'UNKNOWN', 'not-sent', true, 'UNKNOWN_OUTCOME'),
  row('EAI_AGAIN', 'UNKNOWN', 'not-sent', true, 'UNKNOWN_OUTCOME'),
  row('UND_ERR_CONNECT_TIMEOUT', 'UNKNOWN', 'not-sent', true, 'UNKNOWN_OUTCOME'),
]

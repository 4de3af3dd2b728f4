import type { VerdictRow } from './row.ts'

type Outcome = Pick<VerdictRow, 'verdict' | 'execution' | 'retryable' | 'reason'>

const rows = (outcome: Outcome, ...codes: string[]): VerdictRow[] => codes.map((code) => ({ code, ...outcome }))
const AUTH: Outcome = { verdict: 'AUTH', execution: 'refused', retryable: false, reason: 'KEY_INVALID' }
const CLOCK: Outcome = { verdict: 'CLOCK', execution: 'refused', retryable: true, reason: 'CLOCK_SKEW' }
const BACK_OFF: Outcome = { verdict: 'BACK_OFF', execution: 'refused', retryable: true, reason: 'RATE_LIMITED' }

/** What answers of exchanges on which nothing is traded mean for a key. Whatever has no row says nothing about it. */
export const OKX_VERDICTS: readonly VerdictRow[] = [
  ...rows(AUTH, '50100', '50101', '50103', '50104', '50105', '50106', '50110', '50111', '50113', '50114', '50119', '50120'),
  ...rows(CLOCK, '50102', '50107', '50112'),
  ...rows(BACK_OFF, '50011', '50013', '50061', 'http-429'),
]

export const BITGET_VERDICTS: readonly VerdictRow[] = [
  ...rows(AUTH, '40001', '40002', '40006', '40009', '40010', '40011', '40012', '40014', '40018', '40037', '40038', '40099'),
  ...rows(CLOCK, '40004', '40005', '40008'),
  ...rows(BACK_OFF, '429', '30007', 'http-429'),
]

export const BYBIT_VERDICTS: readonly VerdictRow[] = [
  ...rows(AUTH, '10003', '10004', '10005', '10007', '10010', '33004', 'http-401'),
  ...rows(CLOCK, '10002'),
  ...rows(BACK_OFF, '10006', '10018', 'http-429', 'http-403'),
]

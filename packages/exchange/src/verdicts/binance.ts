import type { ReasonCode } from '@matic/contracts'
import type { VerdictRow } from './row.ts'

type Limits = Pick<VerdictRow, 'contexts' | 'text'>
type Outcome = Pick<VerdictRow, 'verdict' | 'execution' | 'retryable' | 'reason'>

const rows = (outcome: Outcome, codes: readonly string[], limits: Limits = {}): VerdictRow[] =>
  codes.map((code) => ({ code, ...outcome, ...limits }))
const rejected = (reason: ReasonCode): Outcome => ({ verdict: 'REJECTED', execution: 'refused', retryable: false, reason })

const ADOPT: Outcome = { verdict: 'ADOPT', execution: 'unknown', retryable: false, reason: 'UNKNOWN_OUTCOME' }
const MOOT: Outcome = { verdict: 'MOOT', execution: 'refused', retryable: false, reason: 'POSITION_ALREADY_CLOSED' }
const NO_OP: Outcome = { verdict: 'NO_OP', execution: 'refused', retryable: false, reason: 'REJECTED_OTHER' }
const CLOCK: Outcome = { verdict: 'CLOCK', execution: 'refused', retryable: true, reason: 'CLOCK_SKEW' }
const BACK_OFF: Outcome = { verdict: 'BACK_OFF', execution: 'refused', retryable: true, reason: 'RATE_LIMITED' }
const OVERLOAD: Outcome = { verdict: 'OVERLOAD', execution: 'refused', retryable: true, reason: 'RATE_LIMITED' }
const AUTH: Outcome = { verdict: 'AUTH', execution: 'refused', retryable: false, reason: 'KEY_INVALID' }
const NOT_FOUND: Outcome = { verdict: 'NOT_FOUND', execution: 'refused', retryable: false, reason: 'NOT_PLACED' }
const NOT_SENT: Outcome = { verdict: 'UNKNOWN', execution: 'not-sent', retryable: true, reason: 'UNKNOWN_OUTCOME' }

/**
 * What each answer of Binance USDⓈ-M means. The first row that fits counts. An answer that has no row is UNKNOWN, above all −1000, −1001, −1006
 * and −1007, which say that nobody knows.
 */
export const BINANCE_VERDICTS: readonly VerdictRow[] = [
  // An earlier request of ours was accepted.
  ...rows(ADOPT, ['-4116', '-20132']),

  // Refused for good.
  ...rows(rejected('REJECTED_MARGIN'), ['-2018', '-2019', '-4050', '-4051']),
  ...rows(rejected('REJECTED_MINIMUM'), ['-4004', '-4164']),
  ...rows(rejected('REJECTED_PRECISION'), [
    '-1111',
    '-4001',
    '-4002',
    '-4003',
    '-4005',
    '-4006',
    '-4013',
    '-4014',
    '-4016',
    '-4023',
    '-4024',
    '-4029',
    '-4030',
    '-4111',
    '-4131',
  ]),
  ...rows(rejected('REJECTED_WOULD_TRIGGER'), ['-2021']),
  ...rows(rejected('REJECTED_LEVERAGE'), ['-2027', '-2028', '-4028', '-4161']),
  ...rows(rejected('REJECTED_POSITION_MODE'), ['-4060', '-4061', '-4067', '-4068']),
  ...rows(rejected('REJECTED_POST_ONLY'), ['-5022']),

  // Nothing there to reduce.
  ...rows(MOOT, ['-2022']),
  ...rows(MOOT, ['-2024', '-4118'], { contexts: ['close'] }),

  // Set-up that stands already.
  ...rows(NO_OP, ['-4046', '-4059'], { contexts: ['setup'] }),

  // Refused for good, and the exchange's own words say it best: bad parameters …
  ...rows(rejected('REJECTED_OTHER'), [
    '-1013',
    '-1014',
    '-1020',
    '-1101',
    '-1102',
    '-1103',
    '-1104',
    '-1105',
    '-1106',
    '-1108',
    '-1112',
    '-1114',
    '-1115',
    '-1116',
    '-1117',
    '-1121',
    '-1128',
    '-1130',
    '-1136',
    '-4015',
  ]),
  // … what account or market do not allow …
  ...rows(rejected('REJECTED_OTHER'), [
    '-2010',
    '-2020',
    '-2023',
    '-2024',
    '-2025',
    '-2026',
    '-4045',
    '-4047',
    '-4048',
    '-4062',
    '-4087',
    '-4088',
    '-4109',
    '-4118',
    '-4120',
    '-4140',
    '-4141',
    '-4192',
    '-4400',
    '-4401',
    '-4402',
    '-4403',
  ]),
  // … margin that cannot be moved …
  ...rows(rejected('REJECTED_OTHER'), ['-4049', '-4054', '-4055'], { contexts: ['setup'] }),
  // … and triggers that cannot be held.
  ...rows(rejected('REJECTED_OTHER'), ['-2007', '-4117', '-4130', '-4135', '-4136', '-4137', '-4138', '-4139', '-4509', '-5021']),
  // Not served where this machine stands.
  ...rows(rejected('REJECTED_OTHER'), ['http-451']),

  ...rows(CLOCK, ['-1021']),

  // Too fast; 418 is a ban, 403 the firewall before it.
  ...rows(BACK_OFF, ['-1003', '-1015', 'http-429', 'http-418', 'http-403']),

  // Overloaded, and sure that nothing was done. A page of HTML is somebody else's 503.
  ...rows(OVERLOAD, ['-1008']),
  ...rows(OVERLOAD, ['http-503'], { text: /^(?!\s*<).*(Service Unavailable|Internal error; unable to process)/is }),

  // The key: unknown, revoked, without permission, from a wrong address, wrongly signed.
  ...rows(AUTH, ['-1002', '-1022', '-2014', '-2015', '-2017', 'http-401']),

  // A negative answer, no proof.
  ...rows(NOT_FOUND, ['-2011', '-2013'], { contexts: ['lookup', 'cancel'] }),

  // Never left this machine.
  ...rows(NOT_SENT, [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'UND_ERR_CONNECT_TIMEOUT',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ]),
]

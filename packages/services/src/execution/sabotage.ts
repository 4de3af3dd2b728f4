import type { Sabotage } from '@matic/platform'

/** Bugs planted on purpose, in tests only, to show that the chaos run catches them. */
export interface Sabotages {
  readonly randomClientId: boolean
  readonly resendOnTimeout: boolean
  readonly noSweep: boolean
  readonly closeNotReduceOnly: boolean
}

export function createSabotages(planted: Sabotage | undefined): Sabotages {
  return {
    randomClientId: planted === 'random-client-id',
    resendOnTimeout: planted === 'resend-on-timeout',
    noSweep: planted === 'no-sweep',
    closeNotReduceOnly: planted === 'close-not-reduce-only',
  }
}

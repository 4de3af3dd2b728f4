import { randomBytes } from 'node:crypto'

/** Time as a context gives it, so that tests can set it. */
export interface Clock {
  /** UTC epoch milliseconds; may jump when the machine's clock is corrected. */
  now(): number
  /** Milliseconds since some fixed moment; never goes back. For measuring only. */
  monotonic(): number
}

/** Unpredictable bytes as a context gives them. */
export interface Random {
  bytes(count: number): Uint8Array
}

export function createClock(): Clock {
  return { now: () => Date.now(), monotonic: () => performance.now() }
}

export function createRandom(): Random {
  return { bytes: (count) => randomBytes(count) }
}

import { Worker } from 'node:worker_threads'
import { AppError } from '@matic/contracts'
import type { PasswordJob, PasswordResult } from './password-thread.ts'

/** bcrypt in a thread of its own: a login takes a third of a second of CPU that alerts must not wait for. */
export interface Passwords {
  /** @throws AppError VALIDATION_FAILED for more than 72 bytes, which bcrypt would cut off */
  hash(password: string): Promise<string>
  /** Takes as long for an unknown user (`null`) as for a known one. */
  verify(password: string, hash: string | null): Promise<boolean>
  close(): Promise<void>
}

/** Of bcrypt, as a power of two. */
export const PASSWORD_COST = 12
const BYTES_MAX = 72
const WAITING_MAX = 50
/** Of a password nobody has; the same cost as real ones. */
const NOBODY = '$2b$12$p3/NC.iO5UQcdCojDkHFLuvH8.hfvKDjV4y2N3ChVPLSVSqSSZSsa'

export function createPasswords({ cost = PASSWORD_COST }: { cost?: number } = {}): Passwords {
  const waiting = new Map<number, { resolve: (value: string | boolean) => void; reject: (error: Error) => void }>()
  let thread: Worker | undefined
  let next = 0

  function start(): Worker {
    const started = new Worker(new URL('password-thread.ts', import.meta.url))
    started.unref()
    started.on('message', (result: PasswordResult) => {
      waiting.get(result.number)?.resolve(result.value)
      waiting.delete(result.number)
      if (waiting.size === 0) started.unref()
    })
    started.on('error', fail)
    started.on('exit', () => fail(new Error('The password thread ended')))
    return started
  }

  function fail(error: Error): void {
    thread = undefined
    for (const job of waiting.values()) job.reject(error)
    waiting.clear()
  }

  function run(password: string, hash: string | null): Promise<string | boolean> {
    if (waiting.size >= WAITING_MAX) return Promise.reject(new AppError('RATE_LIMITED', 'Too many logins at once. Try again in a moment.'))
    thread ??= start()
    thread.ref()
    const number = (next += 1)
    const result = new Promise<string | boolean>((resolve, reject) => waiting.set(number, { resolve, reject }))
    thread.postMessage({ number, password, hash, cost } satisfies PasswordJob)
    return result
  }

  return {
    async hash(password) {
      if (isTooLong(password)) throw new AppError('VALIDATION_FAILED', `Passwords have at most ${BYTES_MAX} bytes.`)
      return String(await run(password, null))
    },
    async verify(password, hash) {
      const same = await run(password, hash ?? NOBODY)
      return same === true && hash !== null && !isTooLong(password)
    },
    async close() {
      await thread?.terminate()
    },
  }
}

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password, 'utf8') > BYTES_MAX
}

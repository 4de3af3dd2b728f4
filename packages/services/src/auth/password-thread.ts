import { parentPort } from 'node:worker_threads'
import bcrypt from 'bcryptjs'

/** A job for the thread that computes password hashes: verify where a hash is given, else hash. */
export interface PasswordJob {
  readonly number: number
  readonly password: string
  readonly hash: string | null
  readonly cost: number
}

export interface PasswordResult {
  readonly number: number
  readonly value: string | boolean
}

parentPort?.on('message', (job: PasswordJob) => {
  const value = job.hash === null ? bcrypt.hashSync(job.password, job.cost) : bcrypt.compareSync(job.password, job.hash)
  parentPort?.postMessage({ number: job.number, value } satisfies PasswordResult)
})

import { join } from 'node:path'
import { startProcess } from '@matic/local'
import type { CrashPoint } from '@matic/services/execution/crash-points'

export interface CrashWorkerOptions {
  readonly databaseUrl: string
  readonly venueUrl: string
  /** Of its timings. */
  readonly scale: number
  /** Where it dies. */
  readonly point: CrashPoint
}

/** A worker of its own process, ready when this resolves, that dies by SIGKILL at one point: `exited` is 137 then. */
export function startCrashWorker({ databaseUrl, venueUrl, scale, point }: CrashWorkerOptions): ReturnType<typeof startProcess> {
  return startProcess({
    name: `crash-worker ${point}`,
    command: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'crash-worker.ts'),
      databaseUrl,
      venueUrl,
      String(scale),
      point,
    ],
    readyWhen: { line: /worker ready/ },
  })
}

import { setTimeout as sleep } from 'node:timers/promises'
import { createCrashPoint } from '@matic/services/execution/crash-points'
import type { CrashPoint } from '@matic/services/execution/crash-points'
import { createStreamHolder } from '@matic/services/streams/index'
import { startWorker } from './bench.ts'
import { throughVenue } from './paper.ts'

// A worker of its own process that dies by SIGKILL at one point: node crash-worker.ts <database> <venue> <scale> <point>
const [databaseUrl = '', venueUrl = '', scale = '1', point = ''] = process.argv.slice(2)
const crashPoints = createCrashPoint(point as CrashPoint, () => process.kill(process.pid, 'SIGKILL'))
const worker = await startWorker({ databaseUrl, ...throughVenue(venueUrl), scale: Number(scale), crashPoints })
const streams = createStreamHolder(worker.ctx, { onWoken: () => undefined })
process.stdout.write('worker ready\n')
for (;;) {
  await streams.sweep()
  await worker.runner.execute()
  await worker.runner.reconcile()
  await worker.runner.renew()
  await sleep(20)
}

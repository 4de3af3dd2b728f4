import { createSecretKey } from 'node:crypto'
import { DOORBELL_KINDS } from '@matic/contracts'
import type { DoorbellKind } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { createExchanges } from '@matic/exchange'
import { createBus, createClock, createDoorbell, createLogger, createRandom, createIds, createTimings } from '@matic/platform'
import type { Bus, Doorbell, RootLogger, WorkerConfig, WorkerSecrets } from '@matic/platform'
import { createAccountKeys } from '@matic/services/accounts/open-keys'
import type { PaperBank } from '@matic/services/accounts/open-paper-accounts'
import { createPaperBank } from '@matic/services/accounts/paper-bank'
import { clientOrderId } from '@matic/services/dispatch/client-order-id'
import { createExchangeClocks, createOpensCircuit, createSabotages, noCrashPoints, registerWorker } from '@matic/services/execution/index'
import type { ExecutionContext, WorkerRegistration } from '@matic/services/execution/index'
import { createSmtpPostman, type Postman } from '@matic/services/mail/index'
import { createMarketBook } from '@matic/services/markets/market-book'
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts'

export interface WorkerContext extends ExecutionContext {
  /** For decisions alone: connections that know their statements, so that an alert after a quiet hour waits for nothing. */
  readonly decisionDb: Db
  readonly log: RootLogger
  readonly worker: WorkerRegistration
  readonly markets: ReturnType<typeof createMarketBook>
  readonly bank: PaperBank
  readonly bell: Doorbell<DoorbellKind>
  readonly hub: Bus
  readonly metrics: WorkerMetrics
  /** Nobody: mails wait. */
  readonly postman: Postman | undefined
  readonly frontendUrl: string
  close(): Promise<void>
}

/** Builds everything the worker uses, once. */
export function createWorkerContext({ config, secrets }: { config: WorkerConfig; secrets: WorkerSecrets }): WorkerContext {
  const log = createLogger({ name: 'worker', level: config.logLevel, format: config.nodeEnv === 'development' ? 'readable' : 'json' })
  const clock = createClock()
  const random = createRandom()
  const newId = createIds({ clock, random })
  const timings = createTimings(config.timingsScale)
  const connect = (applicationName: string, pool: { poolSize: number; planOnce?: boolean }) =>
    createDb({
      databaseUrl: secrets.databaseUrl.reveal(),
      applicationName,
      ...pool,
      idleTimeoutMs: 0,
      onError: (err) => log.warn({ err }, 'a database connection broke'),
    })
  const db = connect('matic worker', { poolSize: 16 })
  const decisionDb = connect('matic worker decisions', { poolSize: 2, planOnce: true })
  const { databaseUrl, redisUrl } = secrets
  const bell = createDoorbell({ redisUrl, databaseUrl, kinds: DOORBELL_KINDS, logger: log })
  const hub = createBus({ redisUrl, databaseUrl, processId: newId(), logger: log })
  const exchanges = createExchanges({ venueUrl: config.venueUrl, clock, timings, requestLimits: config.requestLimits })
  const key = createSecretKey(secrets.clientOrderIdKey.reveal())
  const metrics = createWorkerMetrics()
  const postman = config.smtp && createSmtpPostman({ smtp: config.smtp, password: secrets.smtpPassword })

  return {
    db,
    decisionDb,
    clock,
    random,
    log,
    timings,
    newId,
    bell,
    hub,
    doorbell: bell,
    bus: hub,
    worker: registerWorker({ databaseUrl, newId, pid: process.pid, logger: log }),
    exchanges,
    keys: createAccountKeys({ db, clock, encryptionKey: secrets.encryptionKey }),
    clocks: createExchangeClocks(),
    markets: createMarketBook({ db, clock }),
    circuit: createOpensCircuit(),
    bank: createPaperBank({ venueUrl: config.venueUrl, adminToken: secrets.venueAdminToken }),
    clientOrderId: (orderId) => clientOrderId(key, orderId),
    sabotage: createSabotages(config.sabotage),
    crashPoints: noCrashPoints,
    metrics,
    postman,
    frontendUrl: config.frontendUrl,
    meter: metrics.meter,
    async close() {
      postman?.close()
      await bell.close(1_000)
      await hub.close()
      for (const port of exchanges.values()) await port.close()
      await Promise.all([db.close(), decisionDb.close()])
      await log.close()
    },
  }
}

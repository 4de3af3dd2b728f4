import { DOORBELL_KINDS } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import {
  createBus,
  createClock,
  createDoorbell,
  createIds,
  createLimits,
  createLocalLimit,
  createLogger,
  createRandom,
  createTimings,
  type ApiConfig,
  type ApiSecrets,
  type Bus,
  type Limit,
  type RootLogger,
} from '@matic/platform'
import {
  createAuthLimits,
  createCodeBook,
  createLoginGuard,
  createPasswords,
  createTokens,
  createUserBook,
  type AuthContext,
} from '@matic/services/auth/index'
import { createKlineReader, createMarkBook, type KlineReader, type MarkBook } from '@matic/services/markets-read/index'
import { createAnswerDesk, type AnswerDesk } from '@matic/services/requests/index'
import {
  createSharedCommit,
  createSignalAnnouncer,
  createWebhookBook,
  type SharedCommit,
  type WebhookBook,
} from '@matic/services/webhook/index'
import { createReadinessReader, type ReadinessReader } from '@matic/services/health/index'
import { createOrigins, type Origins } from './http/origins.ts'
import { createApiMetrics, type ApiMetrics } from './metrics.ts'
import { createTurns, type Turns } from './http/turns.ts'
import { createSharedOpens, type SharedOpens } from './webhook/shared-opens.ts'

/** Everything the api is made of, built once. */
export interface ApiContext extends AuthContext {
  readonly config: ApiConfig
  readonly log: RootLogger
  readonly bus: Bus
  /** Connections for alerts alone, so that no page can keep them waiting. */
  readonly doorDb: Db
  readonly ingest: SharedCommit
  readonly webhooks: WebhookBook
  readonly sharedOpens: SharedOpens
  readonly marks: MarkBook
  readonly desk: AnswerDesk
  readonly klines: KlineReader
  readonly origins: Origins
  readonly metrics: ApiMetrics
  readonly readiness: ReadinessReader
  /** By user, for this process alone. */
  readonly requestLimit: Limit
  /** By user, for this process alone. */
  readonly turns: Turns
  close(): Promise<void>
}

const PAGE_CONNECTIONS = 8
const DOOR_CONNECTIONS = 4
/** Half of the connections, so that somebody else finds one. A page asks for a dozen things at once. */
const REQUESTS_AT_ONCE = PAGE_CONNECTIONS / 2
const REQUESTS_WAITING_MAX = 100
const DOOR_STATEMENT_MS = 2_000

interface ApiContextOptions {
  readonly config: ApiConfig
  readonly secrets: ApiSecrets
  /** That of `createPasswords` when left out. */
  readonly passwordCost?: number
}

export function createApiContext({ config, secrets, passwordCost }: ApiContextOptions): ApiContext {
  const clock = createClock()
  const random = createRandom()
  const newId = createIds({ clock, random })
  const timings = createTimings(config.timingsScale)
  const log = createLogger({ name: 'api', level: config.logLevel, format: config.nodeEnv === 'production' ? 'json' : 'readable' })
  const databaseUrl = secrets.databaseUrl.reveal()
  const onError = (err: Error) => log.warn({ err }, 'an idle database connection broke')
  const db = createDb({ databaseUrl, applicationName: 'matic-api', poolSize: PAGE_CONNECTIONS, onError })
  const doorDb = createDb({
    databaseUrl,
    applicationName: 'matic-door',
    poolSize: DOOR_CONNECTIONS,
    statementTimeoutMs: DOOR_STATEMENT_MS,
    onError,
  })
  const stores = { redisUrl: secrets.redisUrl, databaseUrl: secrets.databaseUrl, logger: log }
  const bus = createBus({ ...stores, processId: newId() })
  const doorbell = createDoorbell({ ...stores, kinds: DOORBELL_KINDS })
  const service = { db, clock, random, log, timings, newId, doorbell, bus }

  const limits = createLimits({ redisUrl: secrets.redisUrl, pool: db.pool, log })
  const passwords = createPasswords(passwordCost === undefined ? {} : { cost: passwordCost })
  const tokens = createTokens({
    jwtSecret: secrets.jwtSecret,
    refreshSecret: secrets.jwtRefreshSecret,
    accessTtlMs: config.accessTokenTtlMs,
    refreshTtlMs: config.refreshTokenTtlMs,
    clock,
  })
  const announcer = createSignalAnnouncer({ ctx: service })
  const ingest = createSharedCommit({ ctx: service, db: doorDb, onStored: announcer.announce })
  const desk = createAnswerDesk({ bus })
  const sharedOpens = createSharedOpens({ clock, log, limits, perSecond: config.webhookOpensPerSecond })

  return {
    ...service,
    config,
    log,
    bus,
    doorDb,
    passwords,
    tokens,
    users: createUserBook({ db, bus, clock, accessTtlMs: config.accessTokenTtlMs }),
    loginGuard: createLoginGuard({ limits }),
    authLimits: createAuthLimits(limits),
    codes: createCodeBook({ key: secrets.totpKey, random }),
    requireAdminApproval: config.requireAdminApproval,
    adminsNeedTwoStep: config.nodeEnv === 'production',
    requestLimit: createLocalLimit({ name: 'requests', points: config.requestsPerMinute, durationMs: 60_000 }),
    turns: createTurns({ atOnce: REQUESTS_AT_ONCE, waitingMax: REQUESTS_WAITING_MAX }),
    ingest,
    webhooks: createWebhookBook({ db: doorDb, bus, clock }),
    sharedOpens,
    marks: createMarkBook({ bus }),
    desk,
    klines: createKlineReader({ ...service, desk }),
    metrics: createApiMetrics({ db, log }),
    readiness: createReadinessReader({ db, clock, doorbell }),
    origins: createOrigins({ frontendUrl: config.frontendUrl, production: config.nodeEnv === 'production' }),
    async close() {
      sharedOpens.close()
      await ingest.close()
      await announcer.close()
      await Promise.allSettled([doorbell.close(1_000), bus.close(), passwords.close(), limits.close()])
      await Promise.allSettled([db.close(), doorDb.close()])
      await log.close()
    },
  }
}

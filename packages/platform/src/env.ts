import type { z } from 'zod'
import { contradictions } from './env-contradictions.ts'
import type { RequestLimitField } from './env-field.ts'
import { apiSchema, venueSchema, webSchema, workerSchema } from './env-schemas.ts'
import type { EnvProcess, everywhere, metrics, Sabotage, store } from './env-schemas.ts'
import { createSecret } from './secret.ts'
import type { Secret } from './secret.ts'

/** Names and texts as a process receives them; an empty text counts as missing. */
export type EnvSource = Readonly<Record<string, string | undefined>>

export interface ProcessConfig {
  nodeEnv: 'development' | 'test' | 'production'
  logLevel: 'error' | 'warn' | 'info' | 'debug'
}

export interface StoreConfig extends ProcessConfig {
  dataDir: string
  timingsScale: number
}

export interface StoreSecrets {
  databaseUrl: Secret
  redisUrl: Secret | undefined
}

/** Where a process shows its figures; `undefined`: nowhere. */
export interface MetricsConfig {
  metrics: { host: string; port: number } | undefined
}

export interface ApiConfig extends StoreConfig, MetricsConfig {
  port: number
  frontendUrl: string
  trustProxyHops: number
  webhookOpensPerSecond: number
  egressIps: readonly string[]
  requireAdminApproval: boolean
  requestsPerMinute: number
  /** Mails are shown instead of sent. */
  hasDevInbox: boolean
  accessTokenTtlMs: number
  refreshTokenTtlMs: number
}

export interface ApiSecrets extends StoreSecrets {
  jwtSecret: Secret
  jwtRefreshSecret: Secret
  totpKey: Secret<Uint8Array>
}

/** A mail server; `undefined`: mails wait. */
export interface SmtpConfig {
  host: string
  port: number
  user: string | undefined
  from: string
}

export interface WorkerConfig extends StoreConfig, MetricsConfig {
  frontendUrl: string
  smtp: SmtpConfig | undefined
  venueUrl: string
  /** By exchange. */
  requestLimits: ReadonlyMap<string, RequestLimitField>
  sabotage: Sabotage | undefined
}

export interface WorkerSecrets extends StoreSecrets {
  smtpPassword: Secret | undefined
  encryptionKey: Secret<Uint8Array>
  clientOrderIdKey: Secret<Uint8Array>
  venueAdminToken: Secret
}

export interface WebConfig extends ProcessConfig {
  port: number
  apiUrl: string
}

export interface VenueConfig extends ProcessConfig {
  dataDir: string
  port: number
  host: string
  seed: number
  timeOffsetMs: number
}

export interface VenueSecrets {
  venueAdminToken: Secret
}

export function readApiEnv(source: EnvSource = process.env): { config: ApiConfig; secrets: ApiSecrets } {
  const env = parse('api', apiSchema, source)
  const config = {
    ...storeConfig(env),
    ...metricsConfig(env),
    port: env.PORT,
    frontendUrl: env.FRONTEND_URL,
    trustProxyHops: env.TRUST_PROXY,
    webhookOpensPerSecond: env.WEBHOOK_OPENS_PER_SECOND,
    egressIps: env.EGRESS_IPS,
    requireAdminApproval: env.REQUIRE_ADMIN_APPROVAL,
    requestsPerMinute: env.API_REQUESTS_PER_MINUTE,
    hasDevInbox: env.NODE_ENV !== 'production' && env.SMTP_HOST === undefined,
    accessTokenTtlMs: env.JWT_EXPIRES_IN,
    refreshTokenTtlMs: env.JWT_REFRESH_EXPIRES_IN,
  }
  const secrets = {
    ...storeSecrets(env),
    jwtSecret: env.JWT_SECRET,
    jwtRefreshSecret: env.JWT_REFRESH_SECRET,
    totpKey: env.TOTP_KEY,
  }
  return { config, secrets }
}

/**
 * The api seals exchange keys and must never be able to open one, whoever breaks into it: in production it does not start with what opens them.
 * @throws EnvError
 */
export function refuseKeysOfWorkers(source: EnvSource = process.env): void {
  if (source['NODE_ENV'] !== 'production') return
  const found = ['ENCRYPTION_KEY', 'CLIENT_ORDER_ID_KEY'].filter((name) => (source[name] ?? '') !== '')
  const problem = (name: string) => `${name} is for workers alone: take it out of the api's environment (with PM2, into .env.worker)`
  if (found.length > 0) throw new EnvError('api', found.map(problem))
}

export function readWorkerEnv(source: EnvSource = process.env): { config: WorkerConfig; secrets: WorkerSecrets } {
  const env = parse('worker', workerSchema, source)
  const secrets = {
    ...storeSecrets(env),
    encryptionKey: env.ENCRYPTION_KEY,
    clientOrderIdKey: env.CLIENT_ORDER_ID_KEY,
    venueAdminToken: env.VENUE_ADMIN_TOKEN,
    smtpPassword: env.SMTP_PASS,
  }
  const config = {
    ...storeConfig(env),
    ...metricsConfig(env),
    venueUrl: env.VENUE_URL,
    requestLimits: env.EXCHANGE_REQUESTS,
    sabotage: env.SABOTAGE,
    frontendUrl: env.FRONTEND_URL,
    smtp: smtpConfig(env),
  }
  return { config, secrets }
}

export function readWebEnv(source: EnvSource = process.env): { config: WebConfig } {
  const env = parse('web', webSchema, source)
  return { config: { ...processConfig(env), port: env.WEB_PORT, apiUrl: env.API_URL } }
}

export function readVenueEnv(source: EnvSource = process.env): { config: VenueConfig; secrets: VenueSecrets } {
  const env = parse('venue', venueSchema, source)
  const config = {
    ...processConfig(env),
    dataDir: env.MATIC_DATA_DIR,
    port: env.VENUE_PORT,
    host: env.VENUE_HOST,
    seed: env.VENUE_SEED,
    timeOffsetMs: env.VENUE_TIME_OFFSET_MS,
  }
  return { config, secrets: { venueAdminToken: env.VENUE_ADMIN_TOKEN } }
}

/** Every problem at once, in words that say what to do. */
export class EnvError extends Error {
  readonly problems: readonly string[]

  constructor(process: string, problems: readonly string[]) {
    const list = problems.map((problem) => `  - ${problem}`).join('\n')
    super(`The ${process} cannot start, its environment needs ${problems.length} correction(s):\n${list}\nSee .env.example for every name.`)
    this.name = 'EnvError'
    this.problems = problems
  }
}

function parse<T extends z.ZodObject>(process: EnvProcess, schema: T, source: EnvSource): z.infer<T> {
  const present = Object.fromEntries(
    Object.entries(source).flatMap(([name, text]) => (text === undefined || text.trim() === '' ? [] : [[name, text.trim()]])),
  )
  const parsed = schema.safeParse(present)
  const names = new Set(Object.keys(schema.shape))
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${issue.message}`),
    ...contradictions(present, names),
  ]
  if (!parsed.success || problems.length > 0) throw new EnvError(process, problems)
  return parsed.data
}

function processConfig(env: z.infer<z.ZodObject<typeof everywhere>>): ProcessConfig {
  return { nodeEnv: env.NODE_ENV, logLevel: env.LOG_LEVEL ?? (env.DEBUG ? 'debug' : 'info') }
}

type StoreEnv = z.infer<z.ZodObject<typeof everywhere & typeof store>>

function storeConfig(env: StoreEnv): StoreConfig {
  return { ...processConfig(env), dataDir: env.MATIC_DATA_DIR, timingsScale: env.TIMINGS_SCALE }
}

function metricsConfig(env: z.infer<z.ZodObject<typeof metrics>>): MetricsConfig {
  return { metrics: env.METRICS_PORT === undefined ? undefined : { host: env.METRICS_HOST, port: env.METRICS_PORT } }
}

function smtpConfig(env: z.infer<typeof workerSchema>): SmtpConfig | undefined {
  if (env.SMTP_HOST === undefined) return undefined
  const from = env.SMTP_FROM ?? env.SMTP_USER ?? `matic@${new URL(env.FRONTEND_URL).hostname}`
  return { host: env.SMTP_HOST, port: env.SMTP_PORT, user: env.SMTP_USER, from }
}

function storeSecrets(env: StoreEnv): StoreSecrets {
  return { databaseUrl: env.DATABASE_URL, redisUrl: redisUrl(env) }
}

function redisUrl(env: StoreEnv): Secret | undefined {
  if (env.REDIS_URL !== undefined) return createSecret(env.REDIS_URL)
  if (env.REDIS_HOST === undefined) return undefined
  const password = env.REDIS_PASSWORD === undefined ? '' : `:${encodeURIComponent(env.REDIS_PASSWORD)}@`
  return createSecret(`redis://${password}${env.REDIS_HOST}:${env.REDIS_PORT}`)
}

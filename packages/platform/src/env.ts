import { z } from 'zod'
import { contradictions } from './env-contradictions.ts'
import type { EnvFieldMeta } from './env-field.ts'
import { durationField, httpUrlField, keyField, longSecretField, portField } from './env-field.ts'
import { createSecret } from './secret.ts'
import type { Secret } from './secret.ts'

/** Names and texts as a process receives them; an empty text counts as missing. */
export type EnvSource = Readonly<Record<string, string | undefined>>

export const sabotages = ['random-client-id', 'resend-on-timeout', 'no-unique-index', 'no-sweep', 'close-not-reduce-only'] as const

export type Sabotage = (typeof sabotages)[number]

const everywhere = {
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development')
    .meta({ description: 'development, test or production' }),
  LOG_LEVEL: z
    .enum(['error', 'warn', 'info', 'debug'], 'must be error, warn, info or debug')
    .optional()
    .meta({ description: 'error, warn, info or debug; info when missing' }),
  DEBUG: z
    .string()
    .optional()
    .transform((text) => text === 'true' || text === '1' || text === '*')
    .meta({ description: 'true = verbose logs (the same as LOG_LEVEL=debug); never in production' }),
}

const dataFolder = {
  MATIC_DATA_DIR: z.string().default('.data').meta({ description: 'One folder for everything this installation keeps on disk' }),
}

const store = {
  ...dataFolder,
  DATABASE_URL: z
    .string('is missing. npm start brings its own; elsewhere set postgresql://user:password@host:5432/matic')
    .regex(/^postgres(ql)?:\/\/\S+$/, 'must look like postgresql://user:password@host:5432/matic')
    .transform((url) => createSecret(url))
    .meta({ description: 'PostgreSQL, the only truth', secret: true }),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\/\S+$/, 'must look like redis://:password@host:6379')
    .optional()
    .meta({ description: 'Redis for queue and bus; without it PostgreSQL carries both', secret: true }),
  REDIS_HOST: z.string().optional().meta({ description: 'Instead of REDIS_URL: host, port and password apart' }),
  REDIS_PORT: portField(6379, 'Port that goes with REDIS_HOST'),
  REDIS_PASSWORD: z.string().optional().meta({ description: 'Password that goes with REDIS_HOST', secret: true }),
  TIMINGS_SCALE: z.coerce
    .number('must be a number')
    .min(0.05, 'must be from 0.05 to 10')
    .max(10, 'must be from 0.05 to 10')
    .default(1)
    .meta({ description: 'Factor on every protocol duration: 1, smaller only in tests' }),
}

const metrics = {
  METRICS_PORT: z.coerce
    .number('must be a port number')
    .int()
    .min(0, 'must be a port from 0 (any free one) to 65535')
    .max(65_535, 'must be a port from 0 (any free one) to 65535')
    .optional()
    .meta({ description: 'Port of a listener of its own for Prometheus (/metrics) and probes (/health); none when missing' }),
  METRICS_HOST: z
    .string()
    .default('127.0.0.1')
    .meta({ description: 'Address that listener binds to; 0.0.0.0 in a container, and never published' }),
}

const venueAdmin = {
  VENUE_ADMIN_TOKEN: z
    .string('is missing. Make one with: openssl rand -hex 32')
    .min(16, 'must have at least 16 characters. Make one with: openssl rand -hex 32')
    .transform((text) => createSecret(text))
    .meta({ description: "Opens the paper venue's administration; same value for worker and venue", secret: true }),
}

const mail = {
  SMTP_HOST: z
    .string()
    .optional()
    .meta({ description: 'Mail server. Without it mails wait, and outside production /dev/inbox shows them' }),
}

const frontend = {
  FRONTEND_URL: httpUrlField(
    'http://localhost:3000',
    'Where people open the dashboard; the only origin the API answers, and the links in mails',
  ),
}

const apiSchema = z.object({
  ...everywhere,
  ...store,
  ...metrics,
  ...mail,
  ...frontend,
  PORT: portField(3001, 'Port of the API'),
  JWT_SECRET: longSecretField('Signs access tokens, at least 64 characters'),
  JWT_REFRESH_SECRET: longSecretField('Keys refresh tokens, at least 64 characters, not the same as JWT_SECRET'),
  TOTP_KEY: keyField(
    'Seals what authenticator apps hold and keys codes sent by mail: base64 of 32 bytes. Lose it and everybody with two-step sign-in is locked out',
  ),
  JWT_EXPIRES_IN: durationField('15m', 'Life of an access token'),
  JWT_REFRESH_EXPIRES_IN: durationField('7d', 'Life of a refresh token'),
  TRUST_PROXY: z.coerce
    .number('must be the number of proxies in front of the API')
    .int()
    .min(0)
    .max(10)
    .default(0)
    .meta({ description: 'How many proxies stand in front of the API (0 = none)' }),
  EGRESS_IPS: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter((address) => address !== ''))
    .meta({ description: 'Addresses that workers reach exchanges from, with commas: shown to people for the IP list of their keys' }),
  REQUIRE_ADMIN_APPROVAL: z
    .string()
    .optional()
    .transform((text) => text === 'true' || text === '1')
    .meta({ description: 'true = a verified e-mail is not enough: an administrator activates each new user' }),
  API_REQUESTS_PER_MINUTE: z.coerce
    .number('must be a number')
    .int()
    .min(10, 'must be at least 10')
    .default(600)
    .meta({ description: 'Requests a minute one user may make of one API process; alerts have a limit of their own' }),
  WEBHOOK_OPENS_PER_SECOND: z.coerce
    .number('must be a number')
    .min(1, 'must be at least 1')
    .default(10)
    .meta({ description: 'Alerts a second one webhook may send before its opens are refused; closes never are' }),
})

const workerSchema = z.object({
  ...everywhere,
  ...store,
  ...metrics,
  ...venueAdmin,
  ...mail,
  ...frontend,
  SMTP_PORT: portField(587, 'Port of the mail server: 587 with STARTTLS, 465 with TLS from the start'),
  SMTP_USER: z.string().optional().meta({ description: 'Login at the mail server' }),
  SMTP_PASS: z
    .string()
    .optional()
    .transform((text) => (text === undefined ? undefined : createSecret(text)))
    .meta({ description: 'Password at the mail server; with Gmail an app password', secret: true }),
  SMTP_FROM: z
    .string()
    .optional()
    .meta({ description: 'Sender of mails, such as Matic Trade <trade@example.org>; SMTP_USER when missing' }),
  ENCRYPTION_KEY: keyField('Opens exchange keys: base64 of 32 bytes. Lose it and every exchange key must be entered again'),
  CLIENT_ORDER_ID_KEY: keyField('Makes client order ids: base64 of 32 bytes. Never change it while orders are open'),
  VENUE_URL: httpUrlField('http://127.0.0.1:3002', 'The paper venue as workers reach it'),
  SABOTAGE: z
    .enum(sabotages, `must be one of ${sabotages.join(', ')}`)
    .optional()
    .meta({ description: 'Tests only: plants one known bug that the chaos run must catch' }),
})

const webSchema = z.object({
  ...everywhere,
  WEB_PORT: portField(3000, 'Port of the dashboard'),
  API_URL: httpUrlField('http://127.0.0.1:3001', "The API as the dashboard's server reaches it"),
})

const venueSchema = z.object({
  ...everywhere,
  ...dataFolder,
  ...venueAdmin,
  VENUE_PORT: portField(3002, 'Port of the paper venue'),
  VENUE_SEED: z.coerce
    .number('must be a whole number')
    .int()
    .min(0)
    .max(0xffff_ffff)
    .default(1)
    .meta({ description: 'Seed of the simulated prices' }),
  VENUE_HOST: z.string().default('127.0.0.1').meta({ description: 'Address the paper venue listens on; 0.0.0.0 in a container' }),
  VENUE_TIME_OFFSET_MS: z.coerce
    .number('must be a number of milliseconds')
    .int()
    .default(0)
    .meta({ description: "Tests only: sets the paper venue's clock before (+) or behind (-) the machine's, in ms" }),
})

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

export type EnvProcess = 'api' | 'worker' | 'web' | 'venue'

export interface EnvField extends EnvFieldMeta {
  name: string
  processes: EnvProcess[]
  /** The process refuses to start without it. */
  required: boolean
}

/** All names that any process reads, for `.env.example` and its checker. */
export function envFields(): EnvField[] {
  const fields = new Map<string, EnvField>()
  for (const [process, schema] of Object.entries(schemas()) as [EnvProcess, z.ZodObject][]) {
    for (const [name, field] of Object.entries(schema.shape)) {
      const known = fields.get(name)
      if (known) known.processes.push(process)
      else fields.set(name, describe(name, process, field))
    }
  }
  return [...fields.values()]
}

function schemas(): Record<EnvProcess, z.ZodObject> {
  return { api: apiSchema, worker: workerSchema, web: webSchema, venue: venueSchema }
}

function describe(name: string, process: EnvProcess, field: z.core.$ZodType): EnvField {
  const meta = z.globalRegistry.get(field) ?? {}
  const required = !z.safeParse(field, undefined).success
  const described = { name, processes: [process], required, description: String(meta.description ?? '') }
  return meta['secret'] === true ? { ...described, secret: true } : described
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

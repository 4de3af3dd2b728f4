import { z } from 'zod'
import type { EnvFieldMeta } from './env-field.ts'
import { durationField, httpUrlField, keyField, longSecretField, portField, requestLimitsField } from './env-field.ts'
import { createSecret } from './secret.ts'

export const sabotages = ['random-client-id', 'resend-on-timeout', 'no-unique-index', 'no-sweep', 'close-not-reduce-only'] as const

export type Sabotage = (typeof sabotages)[number]

export const everywhere = {
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

export const store = {
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

export const metrics = {
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

export const apiSchema = z.object({
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

export const workerSchema = z.object({
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
  EXCHANGE_REQUESTS: requestLimitsField(
    'How much the address that workers share may ask of an exchange, such as BINANCE=600/5s; they divide it, and wait where the exchange would refuse',
  ),
  SABOTAGE: z
    .enum(sabotages, `must be one of ${sabotages.join(', ')}`)
    .optional()
    .meta({ description: 'Tests only: plants one known bug that the chaos run must catch' }),
})

export const webSchema = z.object({
  ...everywhere,
  WEB_PORT: portField(3000, 'Port of the dashboard'),
  API_URL: httpUrlField('http://127.0.0.1:3001', "The API as the dashboard's server reaches it"),
})

export const venueSchema = z.object({
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

import { z } from 'zod'
import { createSecret } from './secret.ts'

/** What `.env.example`, its checker and the error message know of a field beside its schema. */
export interface EnvFieldMeta {
  description: string
  secret?: boolean
}

export function portField(standard: number, description: string) {
  return z.coerce
    .number('must be a port number')
    .int()
    .min(0, 'must be a port from 0 (any free one) to 65535')
    .max(65_535, 'must be a port from 0 (any free one) to 65535')
    .default(standard)
    .meta({ description })
}

export function httpUrlField(standard: string, description: string) {
  return z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .default(standard)
    .meta({ description })
}

/** 32 random bytes in base64: what AES-256 and HMAC-SHA256 take. */
export function keyField(description: string) {
  return z
    .string('is missing. Make one with: openssl rand -base64 32')
    .refine(isKey32, 'must be the base64 of exactly 32 bytes. Make one with: openssl rand -base64 32')
    .transform((text) => createSecret<Uint8Array>(new Uint8Array(Buffer.from(text, 'base64'))))
    .meta({ description, secret: true })
}

export function longSecretField(description: string) {
  return z
    .string('is missing. Make one with: openssl rand -hex 64')
    .min(64, 'must have at least 64 characters. Make one with: openssl rand -hex 64')
    .transform((text) => createSecret(text))
    .meta({ description, secret: true })
}

/** "15m", "7d", "30s", "1h" → milliseconds. */
export function durationField(standard: string, description: string) {
  return z
    .string()
    .default(standard)
    .transform((text, context) => {
      const ms = durationMs(text)
      if (ms === undefined) {
        context.addIssue({ code: 'custom', message: 'must be a duration such as 30s, 15m, 12h or 7d' })
        return z.NEVER
      }
      return ms
    })
    .meta({ description })
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export function durationMs(text: string): number | undefined {
  const match = /^([1-9]\d{0,5})([smhd])$/.exec(text.trim())
  const factor = unitMs[match?.[2] ?? '']
  if (!match || factor === undefined) return undefined
  return Number(match[1]) * factor
}

function isKey32(text: string): boolean {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 32 && bytes.toString('base64') === text
}

export interface RequestLimitField {
  readonly requests: number
  readonly windowMs: number
}

/** "BINANCE=600/5s PAPER=30/500ms" → limits by exchange. */
export function requestLimitsField(description: string) {
  return z
    .string()
    .default('')
    .transform((text, context) => {
      const parts = text.split(/[\s,]+/).filter((part) => part !== '')
      const limits = parts.map((part) => /^([A-Z][A-Z-]*)=([1-9]\d*)\/([1-9]\d*)(ms|s|m)$/.exec(part))
      if (limits.some((limit) => limit === null)) {
        context.addIssue({ code: 'custom', message: 'must look like BINANCE=600/5s, several of them with spaces between' })
        return z.NEVER
      }
      const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }
      return new Map(
        limits.map((limit): [string, RequestLimitField] => {
          const [, exchange = '', requests, count, unit = ''] = limit ?? []
          return [exchange, { requests: Number(requests), windowMs: Number(count) * (unitsMs[unit] ?? 1) }]
        }),
      )
    })
    .meta({ description })
}

import type { Alert } from '@matic/contracts'
import { readBody } from '@matic/domain/alert/read-body'
import type { Body } from './read-body.ts'
import type { KnownWebhook } from '@matic/services/webhook/index'

/** Stands where another address has a user id. */
export const ONE_ADDRESS = 'tradingview'
const HIDDEN = '***'
const SECRET_LENGTH_MAX = 200
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** What the body gives as its secret, whatever else is wrong with it. */
export function secretOf(body: Uint8Array): string | undefined {
  const read = readBody(body)
  const secret = read.ok ? read.fields.get('secret') : undefined
  return secret === undefined || secret === '' || secret.length > SECRET_LENGTH_MAX ? undefined : secret
}

/** The same body without the secret in it. */
export function without(body: Body, secret: string): Body {
  if (body.kind === 'compressed' || !body.bytes.includes(secret)) return body
  return { ...body, bytes: Buffer.from(body.bytes.toString('latin1').replaceAll(Buffer.from(secret).toString('latin1'), HIDDEN), 'latin1') }
}

/** What the address adds to the alert: its limit for the age. An account is named by our id; another service's is none of ours. */
export function narrowed(alert: Alert, webhook: KnownWebhook, form: 'one-address' | undefined): Alert {
  const limits = [alert.maxAgeSeconds, webhook.maxAgeSeconds].filter((seconds) => seconds !== null)
  const accountId = form === 'one-address' || UUID.test(alert.accountId ?? '') ? alert.accountId : null
  return { ...alert, accountId, maxAgeSeconds: limits.length === 0 ? null : Math.min(...limits) }
}

const SAID: Readonly<Record<NonNullable<Alert['action']>, string>> = {
  buy: 'LONG',
  sell: 'SHORT',
  close: 'CLOSE',
  'close-long': 'CLOSE_LONG',
  'close-short': 'CLOSE_SHORT',
  'close-all': 'CLOSE_ALL',
  cancel: 'CANCEL',
  protect: 'PROTECT',
}

export function orderDetails({ alert, exchange, signalId }: { alert: Alert; exchange: string | null; signalId: string }) {
  return {
    exchange,
    action: alert.action === null ? (alert.marketPosition ?? '').toUpperCase() : SAID[alert.action],
    symbol: alert.ticker,
    results: { entry: { status: 'accepted' as const, signal_id: signalId }, leverage: alert.leverage },
  }
}

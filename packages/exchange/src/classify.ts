import type { ExchangeFailure } from './port.ts'
import { BINANCE_VERDICTS } from './verdicts.ts'

export type CallContext = 'order' | 'close' | 'cancel' | 'lookup' | 'setup' | 'read'

/** One request as it really went, noted beside CCXT's own view. */
export interface RawAnswer {
  /** It may have left this machine. */
  sent: boolean
  status: number | null
  retryAfter: string | null
  body: string | null
  transport: string | null
}

/** What a failed call means, by the exchange's own code, the HTTP status or the transport's word, never by CCXT's class. */
export function classify(context: CallContext, raw: RawAnswer, error: unknown): ExchangeFailure {
  const code = codeOf(raw)
  const text = scrub(raw.body ?? (error instanceof Error ? error.message : String(error)))
  const retryAfterMs = raw.retryAfter !== null && /^\d+$/.test(raw.retryAfter) ? Number(raw.retryAfter) * 1_000 : null
  const found = BINANCE_VERDICTS.find(
    (row) =>
      (row.code === code || row.code === `http-${raw.status}`) &&
      (row.contexts?.includes(context) ?? true) &&
      (row.text?.test(text) ?? true),
  )
  if (found !== undefined)
    return {
      verdict: found.verdict,
      execution: found.execution,
      retryable: found.retryable,
      reason: found.reason,
      code,
      text: sentence(text),
      retryAfterMs,
    }
  const execution = raw.sent ? 'unknown' : 'not-sent'
  return { verdict: 'UNKNOWN', execution, retryable: false, reason: 'UNKNOWN_OUTCOME', code, text: sentence(text), retryAfterMs }
}

function codeOf(raw: RawAnswer): string {
  const match = raw.body === null ? null : /"code"\s*:\s*"?(-?\d+)/.exec(raw.body)
  if (match?.[1] !== undefined && Number(match[1]) < 0) return match[1]
  if (raw.status !== null && (raw.status < 200 || raw.status > 299)) return `http-${raw.status}`
  return raw.transport ?? (raw.status === null ? 'no-answer' : 'unreadable')
}

function sentence(text: string): string {
  return /"msg"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? text.slice(0, 200)
}

function scrub(text: string): string {
  return text
    .replaceAll(/https?:\/\/\S+/g, '[address]')
    .replaceAll(/(signature|apiKey|X-MBX-APIKEY|secret)=?["':\s]*[\w-]+/gi, '$1=[hidden]')
    .slice(0, 500)
}

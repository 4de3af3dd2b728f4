import type { ExchangeFailure } from './port.ts'
import type { RequestNote } from './transport.ts'
import type { CallContext, VerdictRow } from './verdicts/row.ts'

export interface FailedCall {
  readonly table: readonly VerdictRow[]
  readonly context: CallContext
  readonly note: RequestNote
  readonly error: unknown
}

/** What a failed call means: by the exchange's own code, the HTTP status or the transport's word, never by CCXT's class. */
export function classify({ table, context, note, error }: FailedCall): ExchangeFailure {
  const code = codeOf(note, error)
  const body = note.body ?? ''
  const facts = { code, text: scrub(sentenceOf(body) ?? messageOf(error), note.credentials), retryAfterMs: retryAfterMs(note) }
  const found = table.find((row) => fits(row, { code, body, context, status: note.status }))
  if (found !== undefined)
    return { verdict: found.verdict, execution: found.execution, retryable: found.retryable, reason: found.reason, ...facts }
  return { verdict: 'UNKNOWN', execution: note.sent ? 'unknown' : 'not-sent', retryable: false, reason: 'UNKNOWN_OUTCOME', ...facts }
}

/** No addresses, keys or signatures: texts like these are stored and shown. */
export function scrub(text: string, known: readonly string[] = []): string {
  return known
    .reduce((clean, value) => clean.replaceAll(value, '[hidden]'), text)
    .replaceAll(/https?:\/\/\S+/gi, '[address]')
    .replaceAll(/\b(signature|apiKey|X-MBX-APIKEY|secret)\b["':=\s]*[\w-]+/gi, '$1=[hidden]')
    .replaceAll(/\w{32,}/g, '[hidden]')
    .slice(0, 200)
}

function fits(row: VerdictRow, seen: { code: string; body: string; context: CallContext; status: number | null }): boolean {
  if (row.code !== seen.code && row.code !== `http-${seen.status}`) return false
  return (row.contexts?.includes(seen.context) ?? true) && (row.text?.test(seen.body) ?? true)
}

function codeOf(note: RequestNote, error: unknown): string {
  const told = /"(?:code|retCode)"\s*:\s*"?(-\d+|\d{5})\b/.exec(note.body ?? '')?.[1]
  if (told !== undefined) return told
  if (note.status !== null && (note.status < 200 || note.status > 299)) return `http-${note.status}`
  if (note.transport !== null) return note.transport
  if (note.status !== null) return 'unreadable'
  return error instanceof Error ? error.name : 'unknown'
}

/** Seconds of the header, or the moment that a ban's own text names. */
function retryAfterMs({ retryAfter, body, status }: RequestNote): number | null {
  if (retryAfter !== null && /^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000
  return status === 418 && /banned/i.test(body ?? '') ? BAN_MS : null
}

/** The shortest ban there is. */
const BAN_MS = 120_000

function sentenceOf(body: string): string | undefined {
  return /"(?:msg|retMsg)"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? (body === '' ? undefined : body)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

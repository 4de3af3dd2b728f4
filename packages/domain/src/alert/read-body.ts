import type { ErrorCode, ErrorDetails } from '@matic/contracts'

/** Field values as the sender wrote them, by key in lower case without separators: marketposition, symbol, action. */
export type Fields = ReadonlyMap<string, string>

export type Refused = { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
export type BodyRead = { readonly ok: true; readonly fields: Fields; readonly dialect: string } | Refused

export const BODY_BYTES_MAX = 16_384
const DEPTH_MAX = 8
const KEYS_MAX = 64

/** Reads the fields out of a body, JSON first whatever its header says, then key=value text, then plain words. */
export function readBody(body: Uint8Array): BodyRead {
  if (body.length > BODY_BYTES_MAX) return refuse('ALERT_TOO_LARGE', `The alert is ${body.length} bytes long; at most ${BODY_BYTES_MAX} are taken. Shorten the message.`, { bytes: body.length })
  const text = tidy(new TextDecoder('utf-8', { fatal: false }).decode(body))
  if (text === '') return refuse('ALERT_EMPTY', 'The alert has no text. Paste the message template into the alert.', {})
  if (text.startsWith('[')) return refuse('ALERT_NOT_UNDERSTOOD', 'A list of commands is not taken. Send one JSON object per alert.', {})
  if (text.startsWith('{')) return readJson(text)
  return readText(text)
}

export function refuse(code: ErrorCode, message: string, details: ErrorDetails): Refused {
  return { ok: false, code, message, details }
}

/** Byte order mark, line ends and typographic quotes, which editors and phones put in. */
function tidy(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .replaceAll(/[\u201C\u201D\u201E]/g, '"')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .trim()
}

function readJson(text: string): BodyRead {
  const parsed = tryParse(text) ?? tryParse(mendNumbers(text))
  if (parsed === undefined) {
    return refuse('ALERT_NOT_UNDERSTOOD', 'The alert starts like JSON and is not: look for a missing quote, comma or brace.', { start: text.slice(0, 60) })
  }
  const fields = new Map<string, string>()
  const problem = collect(parsed, fields, 1)
  return problem ?? { ok: true, fields, dialect: 'json' }
}

function tryParse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** A placeholder without quotes may come out as NaN, n/a or nothing: such a value becomes text, so that the rest can be read. */
function mendNumbers(text: string): string {
  return text.replaceAll(/:\s*(?=[,}])/g, ': ""').replaceAll(/:\s*(-?[A-Za-z{][^",}\s]*(?:\}\})?)\s*(?=[,}\n])/g, (whole, word: string) => (/^(true|false|null|\{)$/.test(word) ? whole : `: "${word}"`))
}

/** Nested objects are read as if their fields stood outside; on a clash the outer one stays. */
function collect(value: Record<string, unknown>, fields: Map<string, string>, depth: number): Refused | undefined {
  if (depth > DEPTH_MAX) return refuse('ALERT_NOT_UNDERSTOOD', `The alert is nested more than ${DEPTH_MAX} deep.`, {})
  const nested: Record<string, unknown>[] = []
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') continue
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) nested.push({ ...item })
    else if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') put(fields, key, String(item))
    if (fields.size > KEYS_MAX) return refuse('ALERT_NOT_UNDERSTOOD', `The alert has more than ${KEYS_MAX} fields.`, {})
  }
  for (const item of nested) {
    const inner = new Map<string, string>()
    const problem = collect(item, inner, depth + 1)
    if (problem) return problem
    for (const [key, text] of inner) if (!fields.has(key)) fields.set(key, text)
  }
  return undefined
}

function readText(text: string): BodyRead {
  const fields = new Map<string, string>()
  const pairs = text.split(/[\n;|]+|(?<=\S)\s+(?=[\w.]+\s*[=:])/)
  for (const pair of pairs) {
    const match = /^\s*([\w. -]{1,40}?)\s*[=:]\s*(.*?)\s*$/.exec(pair)
    if (match?.[1] !== undefined && !/^(BINANCE|BYBIT|OKX|OKEX|BITGET)$/i.test(match[1])) put(fields, match[1], (match[2] ?? '').replaceAll(/^["']|["']$/g, ''))
  }
  if (fields.size >= 2) return { ok: true, fields, dialect: 'text' }

  const words = text.split(/\s+/)
  const action = words.find((word) => /^(buy|sell|long|short|close|exit|flat|close_?all|close_?long|close_?short|cancel)$/i.test(word))
  const symbol = words.find((word) => word !== action && /^[A-Za-z]{0,10}:?[A-Z0-9]{2,15}[-/]?(USDT|USDC|USD|PERP)[\w.:/-]*$/i.test(word))
  if (action === undefined || words.length > 6) {
    return refuse('ALERT_NOT_UNDERSTOOD', 'The alert is neither JSON nor key=value text. Paste the template from the webhook page.', { start: text.slice(0, 60) })
  }
  put(fields, 'action', action)
  if (symbol !== undefined) put(fields, 'symbol', symbol)
  const quantity = words.find((word) => /^\d+(\.\d+)?$/.test(word))
  if (quantity !== undefined) put(fields, 'quantity', quantity)
  return { ok: true, fields, dialect: 'words' }
}

function put(fields: Map<string, string>, key: string, text: string): void {
  fields.set(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''), text.trim())
}

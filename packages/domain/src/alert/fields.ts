import type { ErrorCode, ErrorDetails } from '@matic/contracts'

/** Field values as the sender wrote them, by key in lower case without separators: marketposition, symbol, action. */
export type Fields = ReadonlyMap<string, string>

export type Refused = { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
export type BodyRead = { readonly ok: true; readonly fields: Fields; readonly dialect: string } | Refused

export function refuse(code: ErrorCode, message: string, details: ErrorDetails): Refused {
  const storable = Object.entries(details).map(([key, value]) => [key, typeof value === 'string' ? clean(value) : value] as const)
  return { ok: false, code, message: clean(message), details: Object.fromEntries(storable) }
}

export function keyOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

export function put(fields: Map<string, string>, key: string, text: string): void {
  fields.set(keyOf(key), text.trim())
}

export function isKnownToBeHarmful(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}

/** The first of these names that has a value. */
export function first(fields: Fields, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = fields.get(key)
    if (text !== undefined && text !== '') return text
  }
  return undefined
}

/** The first of these names whose value can be read. */
export function find<T>(fields: Fields, keys: readonly string[], read: (text: string) => T | undefined): T | undefined {
  for (const key of keys) {
    const text = fields.get(key)
    const value = text === undefined ? undefined : read(text)
    if (value !== undefined) return value
  }
  return undefined
}

/** Storage takes neither NUL nor half a surrogate pair. */
export function clean(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').toWellFormed()
}

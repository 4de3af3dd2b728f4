import { refuse, type Refused } from '../fields.ts'

/**
 * One service's way of writing an alert. It is recognised by its keys alone, and turns what only it says into what everybody says; the
 * common reading goes on from there.
 */
export interface Dialect {
  readonly name: string
  /** It is this dialect when every key of one of these sets is there. Keys in lower case without separators. */
  readonly signatures: readonly (readonly string[])[]
  /** Only a body of this form can be it. */
  readonly form: 'json' | 'text' | 'any'
  /** Changes the fields in place. */
  translate(fields: Map<string, string>): Refused | undefined
}

export function isDialect({ signatures }: Dialect, fields: ReadonlyMap<string, string>): boolean {
  return signatures.some((keys) => keys.every((key) => (fields.get(key) ?? '') !== ''))
}

/** Moves a value to the common name, where it has one. */
export function rename(fields: Map<string, string>, from: string, to: string): void {
  const value = fields.get(from)
  fields.delete(from)
  if (value !== undefined && value !== '') fields.set(to, value)
}

export function isOn(text: string | undefined): boolean {
  return text !== undefined && !/^(|0|0\.0|none|null|false)$/i.test(text)
}

export function notTaken(field: string, hint: string): Refused {
  return refuse('ALERT_NOT_UNDERSTOOD', `The field ${field} is not taken. ${hint}`, { field })
}

/** An order that is to wait would trade at another time than its rules looked at. */
export function refuseDelay(fields: Map<string, string>): Refused | undefined {
  return isOn(fields.get('delay')) ? notTaken('delay', 'Alerts are carried out at once: remove it or set it to 0.') : undefined
}

/** 5% → percent, 60000 → price. */
export function percentOrPrice(fields: Map<string, string>, from: string, to: { readonly percent: string; readonly price: string }): void {
  const value = fields.get(from)
  if (value === undefined) return
  rename(fields, from, value.endsWith('%') ? to.percent : to.price)
  if (value.endsWith('%')) fields.set(to.percent, value.slice(0, -1).trim())
}

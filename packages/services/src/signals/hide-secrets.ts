import type { Alert } from '@matic/contracts'

export const HIDDEN = '***'

export interface HiddenText {
  readonly text: string
  /** What was taken out and is long enough to be told from other words, longest first. */
  readonly secrets: readonly string[]
  /** Places. */
  readonly count: number
}

interface Span {
  readonly from: number
  readonly to: number
}

const SECRET_NAME = /passw|passphrase|pwd|secret|token|authori[sz]ation|cookie|api[_-]?key|signature|credential|private[_-]?key|mnemonic/i
const SECRET_NAMES = new Set(['key', 'auth', 'pin', 'seed', 'sign', 'pass'])

/** A name, with whatever quotes stand around it, and what parts it from its value. */
const NAMED = /(?<![\w.-])(\\*["']?)([A-Za-z_][\w.-]{1,40})\1\s{0,8}([:=])\s{0,8}/g
const PAIR_VALUE = /[^\s;,|&}\]"']+/y
/** In "secret: two words, action: buy" the words up to the next name. */
const LINE_VALUE = /[^\s;,|&}\]"'][^;,|&}\]\n\r"']*?(?=\s{1,4}[\w.-]{1,40}\s{0,4}[:=]|\s{0,4}[;,|&}\]\n\r"']|\s{0,4}$)/y

const SHAPES = [
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /(?<=\b(?:Bearer|Basic)\s{1,4})[\w.~+/=-]{8,}/gi,
  /(?<=\/api\/webhook\/[\w-]{1,40}\/)[\w-]{8,}/g,
  /(?<![\w+/])(?=[a-z+/]*[\dA-Z])(?=[A-Z\d+/]*[a-z])(?=[A-Za-z+/]*\d)(?=[a-z\d+/]*[A-Z])[A-Za-z\d+/]{40,}={0,2}/g,
  /(?<!\w)[\da-f]{64}(?!\w)/gi,
]
const WORD = /[\w-]{8,}/g
/** A shorter one may be any word, and is hidden only where it was given as a secret. */
const TELLING_LENGTH = 6

/**
 * Takes out of an alert what must not be read over a shoulder: values of names that mean a secret, values that look like one, and values
 * that are known to be one.
 * @param text any text; of bytes that are none, their latin1 form
 * @param isKnown whether a word is a token or key of this person
 */
export function hideSecrets(text: string, isKnown: (word: string) => boolean = () => false): HiddenText {
  const named = namedValues(text)
  const telling = [...named.map(({ from, to }) => text.slice(from, to)), ...SHAPES.flatMap((shape) => text.match(shape) ?? [])]
  for (const [word] of text.matchAll(WORD)) if (isKnown(word)) telling.push(word)
  const secrets = [...new Set(telling)].filter((value) => value.length >= TELLING_LENGTH).toSorted((a, b) => b.length - a.length)
  const spans = merged([...named, ...secrets.flatMap((secret) => placesOf(text, secret))])
  return { text: without(text, spans), secrets, count: spans.length }
}

/** The same values out of something that was made of that text. */
export function takeOut(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, HIDDEN), text)
}

/** What was understood, without them. Only what the sender words freely can hold one. */
export function withoutSecrets(alert: Alert, secrets: readonly string[]): Alert {
  const clean = (text: string | null) => (text === null ? null : takeOut(text, secrets))
  return { ...alert, comment: clean(alert.comment), idempotencyKey: clean(alert.idempotencyKey) }
}

function namedValues(text: string): Span[] {
  return [...text.matchAll(NAMED)].flatMap((match) => {
    const [whole, , name = '', separator] = match
    if (!SECRET_NAME.test(name) && !SECRET_NAMES.has(name.toLowerCase())) return []
    return valuesAt(text, match.index + whole.length, separator === '=').filter(({ from, to }) => to > from)
  })
}

function valuesAt(text: string, at: number, isPair: boolean): Span[] {
  if (text[at] === '{' || text[at] === '[') return [{ from: at + 1, to: endOfBracket(text, at) }]
  const opening = matchAt(/(\\*)["']/y, text, at)
  if (opening !== null) {
    const from = at + opening[0].length
    return [{ from, to: endOfQuoted(text, from, opening[0]) }]
  }
  const bare = matchAt(isPair ? PAIR_VALUE : LINE_VALUE, text, at)
  return bare === null ? [] : [{ from: at, to: at + bare[0].length }]
}

/** `quote` is the opening one with the backslashes before it: JSON in JSON is quoted that way. */
function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 1)) {
    if (quote.length > 1 || /(?:^|[^\\])(?:\\\\)*$/.test(text.slice(Math.max(from, at - 40), at))) return at
  }
  return text.length
}

/** Where the bracket stands that closes the one at `at`. */
function endOfBracket(text: string, at: number): number {
  let depth = 0
  for (let index = at; index < text.length; index += 1) {
    if ('[{'.includes(text[index] ?? '')) depth += 1
    if (']}'.includes(text[index] ?? '')) depth -= 1
    if (depth === 0) return index
  }
  return text.length
}

function placesOf(text: string, secret: string): Span[] {
  const places: Span[] = []
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length))
    places.push({ from: at, to: at + secret.length })
  return places
}

function merged(spans: readonly Span[]): Span[] {
  const whole: { from: number; to: number }[] = []
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = whole.at(-1)
    if (last !== undefined && from < last.to) last.to = Math.max(last.to, to)
    else whole.push({ from, to })
  }
  return whole
}

function without(text: string, spans: readonly Span[]): string {
  let clean = ''
  let at = 0
  for (const { from, to } of spans) {
    clean += text.slice(at, from) + HIDDEN
    at = to
  }
  return clean + text.slice(at)
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

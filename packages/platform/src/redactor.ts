import type { Secret } from './secret.ts'

/** Takes secrets out of what is logged: by field name, by known value, and by shape. */
export interface Redactor {
  /** From now on this value never shows. Returns the way to forget it again. */
  register(value: string | Secret): () => void
  isSecretName(name: string): boolean
  scrub(text: string): string
}

export const redacted = '[redacted]'

const secretName = /passw|secret|token|authori[sz]ation|cookie|api_?key|signature|passphrase|credential|private_?key|encryption_?key|otp/i
const harmlessName = /(^|[a-z])(tokenId|secretId|keyId|apiKeyId|tokenCount|hasSecret|hasPassword)$/

const shapes: readonly [RegExp, string][] = [
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, redacted],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${redacted}`],
  [/(\/api\/webhook\/[\w-]+\/)[\w-]{8,}/g, `$1${redacted}`],
  [/\b(\w{2,12}:\/\/[^\s:/@"]*:)[^\s@"]+@/g, `$1${redacted}@`],
  [/\b(signature|apiKey|api_key|secret|token|password|passphrase|listenKey)=([^&\s"'\\]+)/gi, `$1=${redacted}`],
  [
    /((?:X-MBX-APIKEY|X-BAPI-API-KEY|X-BAPI-SIGN|OK-ACCESS-[A-Z]+|ACCESS-(?:KEY|SIGN|PASSPHRASE))\\?["']?\s*[:=]\s*\\?["']?)[^\s"'\\,}]+/gi,
    `$1${redacted}`,
  ],
]

const word = /[\w-]{8,}/g

export function createRedactor(): Redactor {
  // Values that are one word are found by one look-up per word of a line, however many there are.
  const words = new Map<string, number>()
  const phrases = new Map<string, number>()

  return {
    register(value) {
      const text = typeof value === 'string' ? value : value.reveal()
      if (text.length < 8) return () => undefined

      const known = /^[\w-]+$/.test(text) ? words : phrases
      known.set(text, (known.get(text) ?? 0) + 1)

      let active = true
      return () => {
        if (!active) return
        active = false
        const left = (known.get(text) ?? 1) - 1
        if (left > 0) known.set(text, left)
        else known.delete(text)
      }
    },

    isSecretName: (name) => secretName.test(name) && !harmlessName.test(name),

    scrub(text) {
      let clean = text
      for (const phrase of phrases.keys()) clean = clean.replaceAll(phrase, redacted)
      if (words.size > 0) clean = clean.replace(word, (found) => (words.has(found) ? redacted : found))
      for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement)
      return clean
    },
  }
}

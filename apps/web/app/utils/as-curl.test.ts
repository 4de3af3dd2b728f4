import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { asCurl } from './as-curl.ts'

/** What a shell makes of the command, with something in place of curl that says what it was given. */
function sent(bytes: Buffer, hex: string | null): Buffer {
  const command = asCurl({ bytes: bytes.length, text: bytes.toString('utf8'), hex, sha256: '', hidden: 0 })
  const script = `curl() { for last; do :; done; if [ "$last" = @- ]; then cat; else printf '%s' "$last"; fi; }\n${command}`
  return execFileSync('bash', ['-c', script])
}

describe('a body as curl', () => {
  it.each(['{"action":"buy"}', `it's $HOME \`id\` "x" \\n !! %s`, 'Zeile\nÜber'])('sends %j as it was', (text) => {
    expect(sent(Buffer.from(text), null).toString('utf8')).toBe(text)
  })

  it('sends bytes that are no text as they were', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x27, 0x25, 0x5c])
    expect(sent(bytes, bytes.toString('hex')).equals(bytes)).toBe(true)
  })
})

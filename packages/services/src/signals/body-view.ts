import { createHash } from 'node:crypto'
import type { BodyView } from '@matic/contracts'
import { hideSecrets } from './hide-secrets.ts'

/** Everything but tab, line feed and carriage return that no editor shows. */
// oxlint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** Bytes for people, their secrets hidden: as text, and as hex too where text alone would not bring the same bytes back. */
export function bodyView(bytes: Buffer, isKnown: (word: string) => boolean): BodyView & { secrets: readonly string[] } {
  const hidden = hideSecrets(bytes.toString('latin1'), isKnown)
  const shown = Buffer.from(hidden.text, 'latin1')
  const text = shown.toString('utf8')
  const isPlain = !UNSEEN.test(text) && Buffer.from(text, 'utf8').equals(shown)
  return {
    bytes: bytes.length,
    text,
    hex: isPlain ? null : shown.toString('hex'),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    hidden: hidden.count,
    secrets: hidden.secrets.map((secret) => Buffer.from(secret, 'latin1').toString('utf8')),
  }
}

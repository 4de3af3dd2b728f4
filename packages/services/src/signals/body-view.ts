import { createHash } from 'node:crypto'
import type { BodyView } from '@matic/contracts'

/** Everything but tab, line feed and carriage return that no editor shows. */
// oxlint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/

/** Bytes for people: as text, and as hex too where text alone would not bring the same bytes back. */
export function bodyView(bytes: Buffer): BodyView {
  const text = bytes.toString('utf8')
  const isPlain = !UNSEEN.test(text) && Buffer.from(text, 'utf8').equals(bytes)
  return {
    bytes: bytes.length,
    text,
    hex: isPlain ? null : bytes.toString('hex'),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
}

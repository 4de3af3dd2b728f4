import { refuse, type BodyRead } from './fields.ts'
import { readJson } from './read-json.ts'
import { readText } from './read-text.ts'

const BODY_BYTES_MAX = 16_384

/** Reads the fields out of a body, JSON first whatever its header says, then key=value text, then plain words. */
export function readBody(body: Uint8Array): BodyRead {
  if (body.length > BODY_BYTES_MAX) {
    return refuse('ALERT_TOO_LARGE', `The alert is ${body.length} bytes long; at most ${BODY_BYTES_MAX} are taken. Shorten the message.`, {
      bytes: body.length,
    })
  }
  // The byte order mark goes with decoding; a NUL at the end would spoil what is otherwise fine.
  const text = new TextDecoder().decode(body).replaceAll('\u0000', ' ').trim()
  if (text === '') return refuse('ALERT_EMPTY', 'The alert has no text. Paste the message template into the alert.', {})
  if (text.startsWith('[')) return refuse('ALERT_NOT_UNDERSTOOD', 'A list of commands is not taken. Send one JSON object per alert.', {})
  if (text.startsWith('{') && !text.startsWith('{{')) return readJson(text)
  return readText(text)
}

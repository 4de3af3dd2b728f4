import type { BodyView } from '@matic/contracts'

/** The address itself is shown once and never stored. */
const ADDRESS = "'PASTE-YOUR-WEBHOOK-ADDRESS'"

/** The same bytes again, for a terminal: as they were, whatever is in them; hidden secrets excepted. */
export function asCurl(body: BodyView): string {
  if (body.hex !== null) return `printf '${body.hex.replaceAll(/../g, String.raw`\x$&`)}' | curl -X POST ${ADDRESS} --data-binary @-`
  return `curl -X POST ${ADDRESS} --data-binary '${body.text.replaceAll("'", String.raw`'\''`)}'`
}

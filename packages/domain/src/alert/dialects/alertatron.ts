import type { Dialect } from './dialect.ts'

/** What read-alertatron.ts made of the text. */
export const alertatron: Dialect = {
  name: 'alertatron',
  form: 'text',
  signatures: [['alertatron']],
  translate(fields) {
    fields.delete('alertatron')
    return undefined
  },
}

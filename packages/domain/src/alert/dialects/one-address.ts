import type { Dialect } from './dialect.ts'

/** Our own form for everybody's one address: account_id, exchange, action, symbol, leverage, secret. */
export const oneAddress: Dialect = {
  name: 'one-address',
  form: 'json',
  signatures: [
    ['secret', 'action'],
    ['accountid', 'action'],
  ],
  translate: () => undefined,
}

import { refuse } from '../fields.ts'
import type { Dialect } from './dialect.ts'

/** Strategy and custom signals of 3Commas: strategy_info and order stand in objects of their own; amounts are text or numbers. */
export const threeCommas: Dialect = {
  name: '3commas',
  form: 'json',
  signatures: [['botuuid'], ['maxlag', 'tvinstrument'], ['tvexchange', 'tvinstrument']],
  translate(fields) {
    if (/^(disable|enable|stop_?bot|start_?bot)$/i.test(fields.get('action') ?? ''))
      return refuse('ALERT_NO_ACTION', 'The bot is switched on and off on the dashboard, not by an alert.', { field: 'action' })
    // Among its fields `type` and `id` mean other things than an order's.
    fields.delete('type')
    return undefined
  },
}

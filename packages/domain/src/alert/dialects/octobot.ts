import { refuse } from '../fields.ts'
import { notTaken, rename, type Dialect } from './dialect.ts'

/** OctoBot: EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=BUY;VOLUME=5%;STOP_PRICE=60000. */
export const octobot: Dialect = {
  name: 'octobot',
  form: 'any',
  signatures: [['exchange', 'symbol', 'signal']],
  translate(fields) {
    rename(fields, 'volume', 'quantity')
    rename(fields, 'stopprice', 'stoploss')
    if (/stop/i.test(fields.get('ordertype') ?? ''))
      return notTaken('ORDER_TYPE', 'Send market or limit, and STOP_PRICE for the stop of the position.')
    const quantity = fields.get('quantity') ?? ''
    const [, amount, unit = ''] = /^([\d.,]+)\s*(%|%p|a%|%a|%t|t%|p%|q|b)?$/i.exec(quantity) ?? []
    if (quantity !== '' && amount === undefined)
      return refuse('ALERT_NOT_A_NUMBER', `"${quantity.slice(0, 40)}" is not a volume. Send 0.01, 5% or 100q.`, { field: 'quantity' })
    if (amount !== undefined) fields.set('quantity', amount)
    if (unit === 'q') fields.set('quantitytype', 'quote')
    else if (/p/i.test(unit)) fields.set('quantitytype', 'percent_of_position')
    else if (unit.includes('%')) fields.set('quantitytype', 'percent_of_equity')
    return undefined
  },
}

import { isOn, notTaken, percentOrPrice, refuseDelay, rename, type Dialect } from './dialect.ts'

/** Autoview: e=binance s=BTCUSDT b=long q=5% l=10 t=market sl=2% tp=4%. `c=position` closes, `c=order` cancels, `d=1` trades nothing. */
export const autoview: Dialect = {
  name: 'autoview',
  form: 'text',
  signatures: [
    ['e', 's'],
    ['s', 'b'],
    ['s', 'c'],
    ['s', 'q'],
  ],
  translate(fields) {
    const closes = fields.has('c')
    if (!closes) {
      const problem = refuseDelay(fields)
      if (problem !== undefined) return problem
      for (const field of ['ts', 'sl', 'tp'])
        if (/[&]/.test(fields.get(field) ?? '') || (field === 'ts' && isOn(fields.get(field))))
          return notTaken(field, 'Send one stop and one target, each as a price or a percent; trailing is set in the rules.')
    }
    percentOrPrice(fields, 'sl', { percent: 'stoplosspercent', price: 'stoploss' })
    percentOrPrice(fields, 'tp', { percent: 'takeprofitpercent', price: 'takeprofit' })
    rename(fields, 'q', 'quantity')
    const quantity = fields.get('quantity')
    if (quantity?.endsWith('%') === true) {
      fields.set('quantity', quantity.slice(0, -1))
      fields.set('quantitytype', closes ? 'percent_of_position' : 'percent_of_equity')
    }
    return undefined
  },
}

import { isOn, notTaken, type Dialect } from './dialect.ts'

/** OKX signal bots: from a strategy (buy, sell with marketPosition) or from any source (ENTER_LONG, EXIT_SHORT). */
export const okx: Dialect = {
  name: 'okx',
  form: 'json',
  signatures: [['signaltoken'], ['investmenttype', 'maxlag'], ['investmenttype', 'instrument']],
  translate(fields) {
    const isEntry = !/exit|close/i.test(fields.get('action') ?? '') && fields.get('marketposition')?.toLowerCase() !== 'flat'
    if (isEntry && fields.get('ordertype')?.toLowerCase() === 'limit' && isOn(fields.get('orderpriceoffset')))
      return notTaken('orderPriceOffset', 'Send orderType market, or limit with a price.')
    fields.delete('orderpriceoffset')
    return undefined
  },
}

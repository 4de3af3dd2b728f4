import { isOn, notTaken, rename, type Dialect } from './dialect.ts'

/** TradersPost: sentiment is the position afterwards; stop and target stand in objects with a price, a percent or an amount. */
export const tradersPost: Dialect = {
  name: 'traderspost',
  form: 'json',
  signatures: [
    ['ticker', 'action', 'sentiment'],
    ['ticker', 'action', 'quantitytype'],
    ['ticker', 'sentiment'],
    ['ticker', 'action', 'stoplosstype'],
    ['ticker', 'action', 'stoplosspercent'],
    ['ticker', 'action', 'takeprofitpercent'],
    ['ticker', 'action', 'takeprofitlimitprice'],
    ['ticker', 'action', 'signalprice'],
  ],
  translate(fields) {
    if (fields.get('action')?.toLowerCase() === 'add' && !fields.has('sentiment')) fields.set('action', 'buy')
    // Beside an exit the sentiment says nothing that an exit does not.
    if (fields.get('action')?.toLowerCase() === 'exit') fields.delete('sentiment')
    if (/stop/i.test(fields.get('ordertype') ?? '')) return notTaken('orderType', 'Send market or limit; a stop entry is not taken.')
    for (const field of ['stoplosstrailamount', 'stoplosstrailpercent', 'stoplossamount', 'takeprofitamount'])
      if (isOn(fields.get(field))) return notTaken(field, 'Send the stop and the target as a price or a percent.')
    rename(fields, 'stoplossstopprice', 'stoplossprice')
    rename(fields, 'takeprofitlimitprice', 'takeprofitprice')
    return undefined
  },
}

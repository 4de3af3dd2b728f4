import { Decimal } from 'decimal.js'
import { readNumber } from '../read-number.ts'
import { isOn, notTaken, rename, type Dialect } from './dialect.ts'

/** ENTER-LONG_BINANCE_BTCUSDT_my-bot_1h_5f2a: action, exchange and pair stand in the code itself. */
const CODE = /^(ENTER-LONG|ENTER-SHORT|EXIT-LONG|EXIT-SHORT|EXIT-ALL|EXIT)_([A-Z]+)(?:-?FUTURES)?_([A-Z0-9/:.-]{4,30}?)(_.*)?$/i

/** WunderTrading: a code with settings beside it, or the bare code as text. Deviations are fractions of the price: 0.02 is 2 %. */
export const wunderTrading: Dialect = {
  name: 'wundertrading',
  form: 'any',
  signatures: [['code', 'ordertype'], ['code', 'amountpertrade'], ['code', 'amountpertradetype'], ['wundertradingcode']],
  translate(fields) {
    rename(fields, 'wundertradingcode', 'code')
    const parts = CODE.exec(fields.get('code') ?? '')
    if (parts !== null) {
      fields.set('action', parts[1] ?? '')
      if (!fields.has('symbol') && !fields.has('ticker')) fields.set('symbol', parts[3] ?? '')
    }
    rename(fields, 'amountpertrade', 'quantity')
    const problem = targets(fields)
    if (problem !== undefined) return problem
    fraction(fields, 'stoplosspricedeviation', 'stoplosspercent')
    if (isOn(fields.get('trailingstopactivation')) || isOn(fields.get('trailingstopexecute')))
      return notTaken('trailingStop', 'Switch the trailing stop on in the rules.')
    fields.delete('portfolio')
    return undefined
  },
}

function targets(fields: Map<string, string>) {
  const count = Number(fields.get('takeprofitslist') ?? 0)
  fields.delete('takeprofitslist')
  for (let index = 1; index <= count; index += 1) {
    if (!fields.has(`takeprofits${index}pricedeviation`))
      return notTaken('takeProfits', 'Each target needs a priceDeviation; prices are not taken there.')
    fraction(fields, `takeprofits${index}pricedeviation`, `target${index}percent`)
    fraction(fields, `takeprofits${index}portfolio`, `target${index}share`)
  }
  return undefined
}

function fraction(fields: Map<string, string>, from: string, to: string): void {
  const text = fields.get(from)
  const number = readNumber(text)
  rename(fields, from, to)
  if (number !== undefined && number !== null) fields.set(to, new Decimal(number).mul(100).toFixed())
}

/** The code alone, as text. */
export function isWunderTradingCode(text: string): boolean {
  return text.length <= 200 && CODE.test(text)
}

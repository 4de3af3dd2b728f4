import type { Alert } from '@matic/contracts'
import { readBody, refuse, type Fields, type Refused } from './read-body.ts'
import { readNumber, readTime } from './read-number.ts'

export type ParsedAlert = { readonly ok: true; readonly alert: Alert } | Refused

const KEYS = {
  ticker: ['symbol', 'ticker', 'pair', 'instrument', 'market', 'tvinstrument', 's'],
  action: ['action', 'order', 'orderaction', 'strategyorderaction', 'signal', 'type', 'b'],
  side: ['side', 'direction', 'sentiment'],
  marketPosition: ['marketposition', 'strategymarketposition', 'currentposition'],
  previousMarketPosition: ['prevmarketposition', 'previousmarketposition', 'strategyprevmarketposition', 'prevposition'],
  marketPositionSize: ['marketpositionsize', 'strategymarketpositionsize'],
  signedPositionSize: ['positionsize', 'strategypositionsize'],
  previousMarketPositionSize: ['prevmarketpositionsize', 'previousmarketpositionsize', 'strategyprevmarketpositionsize'],
  quantity: ['quantity', 'qty', 'contracts', 'ordercontracts', 'strategyordercontracts', 'size', 'amount', 'volume', 'q'],
  orderType: ['ordertype', 'type', 't'],
  price: ['limitprice', 'price', 'orderprice', 'strategyorderprice', 'p'],
  signalPrice: ['signalprice', 'close', 'triggerprice', 'price'],
  leverage: ['leverage', 'lev', 'l'],
  stopLoss: ['stoploss', 'sl', 'stop', 'stopprice', 'stoplossprice'],
  takeProfit: ['takeprofit', 'tp', 'target', 'targetprice', 'takeprofitprice'],
  idempotencyKey: ['signalid', 'idempotencykey', 'alerttimestamp'],
  /** Never `time`: that is the bar's. */
  alertAt: ['timenow', 'timestamp', 'alerttime', 'alertat', 'firedat', 'alerttimestamp'],
  comment: ['comment', 'ordercomment', 'strategyordercomment', 'orderid', 'strategyorderid', 'id', 'note'],
} as const satisfies Record<string, readonly string[]>

const ACTIONS: Readonly<Record<string, NonNullable<Alert['action']>>> = {
  buy: 'buy',
  long: 'buy',
  enterlong: 'buy',
  openlong: 'buy',
  bullish: 'buy',
  sell: 'sell',
  short: 'sell',
  entershort: 'sell',
  openshort: 'sell',
  bearish: 'sell',
  close: 'close',
  exit: 'close',
  flat: 'close',
  closeposition: 'close',
  closelong: 'close-long',
  exitlong: 'close-long',
  closeshort: 'close-short',
  exitshort: 'close-short',
  closeall: 'close-all',
  exitall: 'close-all',
  cancel: 'cancel',
  cancelall: 'cancel',
}

const POSITIONS: Readonly<Record<string, NonNullable<Alert['marketPosition']>>> = { long: 'long', bullish: 'long', short: 'short', bearish: 'short', flat: 'flat', none: 'flat', neutral: 'flat' }

/**
 * Reads an alert, whatever dialect it came in. Total: any bytes give an alert or a refusal that says what to fix.
 * @param body as it came; content type and encoding headers are not looked at
 */
export function parseAlert(body: Uint8Array): ParsedAlert {
  const read = readBody(body)
  if (!read.ok) return read
  const { fields } = read

  const left = leftPlaceholder(fields)
  if (left !== undefined) return left
  const action = find(fields, KEYS.action, (text) => ACTIONS[word(text)])
  const side = first(fields, KEYS.side)
  const marketPosition = find(fields, KEYS.marketPosition, (text) => POSITIONS[word(text)]) ?? (side === undefined ? undefined : POSITIONS[word(side)])
  const spoken = action ?? (side === undefined ? undefined : ACTIONS[word(side)])
  if (spoken === undefined && marketPosition === undefined) {
    const said = first(fields, KEYS.action)
    return refuse('ALERT_NO_ACTION', said === undefined || said === '' ? 'The alert does not say what to do. Add "action": "buy", "sell" or "close".' : `"${said.slice(0, 40)}" is not an action. Use buy, sell or close.`, {})
  }

  const ticker = first(fields, KEYS.ticker)
  if (ticker === undefined || ticker === '') {
    if (spoken !== 'close-all') return refuse('ALERT_NO_SYMBOL', 'The alert does not name a symbol. Add "symbol": "{{ticker}}".', {})
  } else if (!/^[\w.:/-]{2,40}$/.test(ticker)) return refuse('ALERT_NO_SYMBOL', `"${ticker.slice(0, 40)}" is not a symbol. Use "{{ticker}}" or a name such as BTCUSDT.P.`, {})

  return build(fields, { dialect: read.dialect, ticker: ticker ?? '', spoken: spoken ?? null, action: action ?? null, side, marketPosition: marketPosition ?? null })
}

interface Said {
  dialect: string
  ticker: string
  spoken: Alert['action']
  action: Alert['action']
  side: string | undefined
  marketPosition: Alert['marketPosition']
}

function build(fields: Fields, said: Said): ParsedAlert {
  const numbers: Record<string, string | null> = {}
  for (const name of ['quantity', 'marketPositionSize', 'previousMarketPositionSize', 'leverage', 'stopLoss', 'takeProfit'] as const) {
    const number = numberOf(fields, name)
    if (number !== null && typeof number === 'object') return number
    numbers[name] = number
  }
  const orderType = find(fields, KEYS.orderType, (text) => (word(text) === 'limit' ? 'limit' : word(text) === 'market' ? 'market' : undefined)) ?? 'market'
  const price = orderType === 'limit' ? numberOf(fields, 'price') : null
  if (price !== null && typeof price === 'object') return price
  if (orderType === 'limit' && price === null) return refuse('ALERT_NOT_A_NUMBER', 'A limit order needs a price. Add "price".', { field: 'price' })

  const signedSize = readNumber(first(fields, KEYS.signedPositionSize)) ?? null
  const [prefix, bare] = splitTicker(said.ticker)
  // A flat position wins over any side: an exit is sent as "sell" too.
  const closes = said.marketPosition === 'flat'
  return {
    ok: true,
    alert: {
      dialect: said.dialect,
      ticker: bare,
      tickerExchange: prefix,
      action: closes ? 'close' : said.spoken,
      marketPosition: targetOf(said),
      previousMarketPosition: find(fields, KEYS.previousMarketPosition, (text) => POSITIONS[word(text)]) ?? null,
      marketPositionSize: positive(numbers['marketPositionSize']) ?? positive(signedSize),
      previousMarketPositionSize: positive(numbers['previousMarketPositionSize']),
      quantity: above(numbers['quantity']),
      orderType,
      price: above(price),
      signalPrice: above(readNumber(first(fields, KEYS.signalPrice)) ?? null),
      leverage: above(numbers['leverage']),
      stopLoss: above(numbers['stopLoss']),
      takeProfit: above(numbers['takeProfit']),
      idempotencyKey: first(fields, KEYS.idempotencyKey)?.slice(0, 200) || null,
      alertAtMs: readTime(first(fields, KEYS.alertAt)),
      comment: first(fields, KEYS.comment)?.slice(0, 200) || null,
    },
  }
}

/** `side: long` beside `action: buy` is how a plain order speaks; it is a target only when the action does not say the same. */
function targetOf({ action, side, marketPosition }: Said): Alert['marketPosition'] {
  if (marketPosition === null || marketPosition === 'flat' || side === undefined) return marketPosition
  const sideAction = ACTIONS[word(side)]
  return action !== null && sideAction === action && POSITIONS[word(side)] === marketPosition ? null : marketPosition
}

function numberOf(fields: Fields, name: 'quantity' | 'marketPositionSize' | 'previousMarketPositionSize' | 'leverage' | 'stopLoss' | 'takeProfit' | 'price'): string | null | Refused {
  const text = first(fields, KEYS[name])
  const number = readNumber(text)
  if (number !== undefined) return number
  return refuse('ALERT_NOT_A_NUMBER', `"${(text ?? '').slice(0, 40)}" is not a number for ${name}. Put the placeholder in quotes and check that the chart shows a value.`, { field: name })
}

/** Indicators send strategy placeholders back as they are. */
function leftPlaceholder(fields: Fields): Refused | undefined {
  for (const [key, text] of fields) {
    const match = /\{\{\s*[\w.()"' ]*/.exec(text)
    if (match === null) continue
    const name = text.slice(match.index, match.index + 60)
    return refuse('ALERT_PLACEHOLDER_LEFT', `${name} was not filled in (field ${key}). Strategy placeholders work in strategy alerts only; check the spelling.`, { field: key, placeholder: name })
  }
  return undefined
}

function splitTicker(ticker: string): [prefix: string | null, bare: string] {
  const match = /^([A-Z]{2,12}):([A-Z0-9].*)$/i.exec(ticker)
  if (match?.[1] === undefined || match[2] === undefined || ticker.includes('/')) return [null, ticker]
  return [match[1].toUpperCase(), match[2]]
}

function first(fields: Fields, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = fields.get(key)
    if (text !== undefined && text !== '') return text
  }
  return undefined
}

function find<T>(fields: Fields, keys: readonly string[], read: (text: string) => T | undefined): T | undefined {
  for (const key of keys) {
    const text = fields.get(key)
    const value = text === undefined ? undefined : read(text)
    if (value !== undefined) return value
  }
  return undefined
}

function word(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z]/g, '')
}

function positive(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : text.replace(/^-/, '')
}

/** Zero and below mean nothing was given. */
function above(text: string | null | undefined): string | null {
  return text === null || text === undefined || text.startsWith('-') || /^0(\.0*)?$/.test(text) ? null : text
}

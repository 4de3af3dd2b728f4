import { TARGETS_MAX, type Alert } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { KEYS, leavesItToTheSide, PROTECTION_IN_OTHER_FORMS, readAction, readPosition, readUnit } from './alert-words.ts'
import { clean, find, first, refuse, type Fields, type Refused } from './fields.ts'
import { readBody } from './read-body.ts'
import { readNumber, readTime } from './read-number.ts'

export type ParsedAlert = { readonly ok: true; readonly alert: Alert } | Refused

/** What the alert says is to be done, before any number is looked at. */
interface Said {
  action: Alert['action']
  /** A target for the position, where the alert speaks of positions and not of orders. */
  marketPosition: Alert['marketPosition']
  /** Nothing in it can open a position. */
  closes: boolean
}

/**
 * Reads an alert, whatever dialect it came in. Total: any bytes give an alert or a refusal that says what to fix. What only closes is
 * never refused for a field that closing does not need.
 * @param body as it came; content type and encoding headers are not looked at
 */
export function parseAlert(body: Uint8Array): ParsedAlert {
  const read = readBody(body)
  if (!read.ok) return read
  const { fields, dialect } = read

  const said = readSaid(fields)
  if ('code' in said) return said
  const ticker = first(fields, KEYS.ticker) ?? ''
  if (ticker === '' && said.action !== 'close-all')
    return refuse('ALERT_NO_SYMBOL', 'The alert does not name a symbol. Add "symbol": "{{ticker}}".', {})
  if (ticker !== '' && !/^[\w.:/-]{2,40}$/.test(ticker)) {
    return (
      leftPlaceholder(fields, KEYS.ticker) ??
      refuse('ALERT_NO_SYMBOL', `"${ticker.slice(0, 40)}" is not a symbol. Use "{{ticker}}" or a name such as BTCUSDT.P.`, {})
    )
  }

  const problem = said.closes ? undefined : (leftPlaceholder(fields) ?? unreadable(fields))
  return problem ?? build(fields, { dialect, ticker, said })
}

function readSaid(fields: Fields): Said | Refused {
  const position = positionSaid(fields)
  const side = first(fields, KEYS.side)
  const sideAction = side === undefined ? undefined : readAction(side)
  const sidePosition = side === undefined ? undefined : readPosition(side)
  const spoken = find(fields, KEYS.action, readAction)

  // A flat position wins over any side: an exit is sent as "sell" too.
  const action = spoken ?? sideAction ?? null
  if (action === 'close-all' || action === 'cancel') return { action, marketPosition: null, closes: true }
  if (position === 'flat' || saysFlat(fields)) return { action: 'close', marketPosition: 'flat', closes: true }
  if (action !== null && action !== 'buy' && action !== 'sell')
    return { action: closeOf(action, sidePosition), marketPosition: null, closes: true }
  if (sideAction !== undefined && sideAction !== 'buy' && sideAction !== 'sell')
    return { action: sideAction, marketPosition: null, closes: true }

  const problem =
    leftPlaceholder(fields, [...KEYS.action, ...KEYS.side, ...KEYS.marketPosition]) ??
    contradiction(fields, { spoken, side, sideAction, position })
  if (problem !== undefined) return problem
  if (action === null && position === undefined)
    return refuse('ALERT_NO_ACTION', 'The alert does not say what to do. Add "action": "buy", "sell" or "close".', {})
  if (isYes(first(fields, KEYS.reduceOnly)) && action !== null) return reduceOnly(fields, action)

  // `side: long` beside `action: buy` is how a plain order speaks; it is a target only when the action does not say the same.
  const target = position ?? (spoken !== undefined && sideAction === spoken ? undefined : sidePosition)
  return { action, marketPosition: target ?? null, closes: false }
}

/** One field that says so is enough, whatever the others say. */
function saysFlat(fields: Fields): boolean {
  return [...KEYS.marketPosition, ...KEYS.side].some((key) => readPosition(fields.get(key) ?? '') === 'flat')
}

/** The position afterwards, in words or as a size: no size is flat. */
function positionSaid(fields: Fields): NonNullable<Alert['marketPosition']> | undefined {
  const inWords = find(fields, KEYS.marketPosition, readPosition)
  const signed = readNumber(first(fields, KEYS.signedPositionSize))
  if (inWords !== undefined && inWords !== 'flat') {
    const size = readNumber(first(fields, KEYS.marketPositionSize)) ?? signed
    return size !== undefined && size !== null && isZero(size) ? 'flat' : inWords
  }
  if (inWords === 'flat' || signed === undefined || signed === null) return inWords
  return isZero(signed) ? 'flat' : signed.startsWith('-') ? 'short' : 'long'
}

function closeOf(action: NonNullable<Alert['action']>, side: Alert['marketPosition'] | undefined): Alert['action'] {
  if (action !== 'close' || side === undefined || side === null) return action
  return side === 'long' ? 'close-long' : 'close-short'
}

/** Sell what is held, at most: a reduction by the quantity, or without one the whole side. */
function reduceOnly(fields: Fields, action: 'buy' | 'sell'): Said {
  if (first(fields, KEYS.quantity) === undefined)
    return { action: action === 'sell' ? 'close-long' : 'close-short', marketPosition: null, closes: true }
  return { action, marketPosition: action === 'sell' ? 'long' : 'short', closes: false }
}

/** A word that stands where the action or the position belongs and that we do not know must not be passed over. */
function contradiction(
  fields: Fields,
  said: {
    spoken: Alert['action'] | undefined
    side: string | undefined
    sideAction: Alert['action'] | undefined
    position: Alert['marketPosition'] | undefined
  },
): Refused | undefined {
  const plain = first(fields, KEYS.plainAction)
  if (plain !== undefined && readAction(plain) === undefined && !leavesItToTheSide(plain))
    return refuse('ALERT_NO_ACTION', `"${plain.slice(0, 40)}" is not an action. Use buy, sell or close.`, {})
  if (said.side !== undefined && said.sideAction === undefined)
    return refuse('ALERT_NO_ACTION', `"${said.side.slice(0, 40)}" is not a side. Use long, short or flat.`, {})
  const position = first(fields, KEYS.marketPosition)
  if (position !== undefined && said.position === undefined)
    return refuse('ALERT_NO_ACTION', `"${position.slice(0, 40)}" is not a position. Use long, short or flat.`, {})
  const bothOrders = said.side !== undefined && readPosition(said.side) === undefined
  if (bothOrders && said.spoken !== undefined && said.spoken !== said.sideAction)
    return refuse('ALERT_NO_ACTION', `The action says ${said.spoken ?? ''} and the side says ${said.side ?? ''}. Send one of them.`, {})
  return undefined
}

/** Sizes and protection that we would have to guess at. */
function unreadable(fields: Fields): Refused | undefined {
  const unit = first(fields, KEYS.quantityUnit)
  if (unit !== undefined && readUnit(unit) === undefined && first(fields, KEYS.quantity) !== undefined) {
    return refuse(
      'ALERT_NOT_UNDERSTOOD',
      `A size in "${unit.slice(0, 40)}" is not taken. Send base, contracts, quote, margin, percent_of_equity or percent_of_position.`,
      { field: 'quantity' },
    )
  }
  for (const [key, text] of fields) {
    if (!PROTECTION_IN_OTHER_FORMS.test(key) || /^(|0|null|none|false)$/i.test(text)) continue
    return refuse(
      'ALERT_NOT_UNDERSTOOD',
      `The field ${key} is not taken. Send stopLoss and takeProfit as prices or percents, or leave them out and set them in the rules.`,
      { field: key },
    )
  }
  return undefined
}

const NUMBERS = [
  'quantity',
  'marketPositionSize',
  'leverage',
  'stopLoss',
  'takeProfit',
  'stopLossPercent',
  'takeProfitPercent',
  'maxAgeSeconds',
] as const

function build(fields: Fields, { dialect, ticker, said }: { dialect: string; ticker: string; said: Said }): ParsedAlert {
  const numbers = new Map<string, string | null>()
  for (const name of NUMBERS) {
    const number = readNumber(first(fields, KEYS[name]))
    if (number === undefined && !said.closes) return notANumber(name, first(fields, KEYS[name]))
    numbers.set(name, number ?? null)
  }
  const orderType = find(fields, KEYS.orderType, readOrderType) ?? 'market'
  const price = orderType === 'limit' ? above(readNumber(first(fields, KEYS.price))) : null
  if (orderType === 'limit' && price === null && !said.closes)
    return refuse('ALERT_NOT_A_NUMBER', 'A limit order needs a price above zero. Add "price".', { field: 'price' })

  const targets = readTargets(fields)
  if (targets === undefined && !said.closes) return notANumber('takeProfits', undefined)

  const [tickerExchange, bare] = splitTicker(ticker)
  const size = numbers.get('marketPositionSize') ?? readNumber(first(fields, KEYS.signedPositionSize))
  return {
    ok: true,
    alert: {
      dialect,
      ticker: bare,
      tickerExchange,
      action: said.action,
      marketPosition: said.marketPosition,
      previousMarketPosition: find(fields, KEYS.previousMarketPosition, readPosition) ?? null,
      marketPositionSize: absolute(size),
      previousMarketPositionSize: absolute(readNumber(first(fields, KEYS.previousMarketPositionSize))),
      quantity: absolute(numbers.get('quantity')),
      quantityUnit: readUnit(first(fields, KEYS.quantityUnit) ?? '') ?? 'base',
      orderType: price === null ? 'market' : orderType,
      price,
      signalPrice: above(readNumber(first(fields, KEYS.signalPrice))),
      leverage: above(numbers.get('leverage')),
      stopLoss: above(numbers.get('stopLoss')),
      takeProfit: above(numbers.get('takeProfit')),
      stopLossPercent: above(numbers.get('stopLossPercent')),
      takeProfitPercent: above(numbers.get('takeProfitPercent')),
      hedged: false,
      protection: null,
      trailing: null,
      topUp: false,
      shareRouteId: null,
      targets: targets ?? [],
      maxAgeSeconds: wholeSeconds(numbers.get('maxAgeSeconds')),
      accountId: first(fields, KEYS.accountId)?.slice(0, 100) ?? null,
      originId: null,
      idempotencyKey: permanentKey(fields, { ticker, action: said.action }),
      alertAtMs: readTime(first(fields, KEYS.alertAt)),
      comment: clean(first(fields, KEYS.comment)?.slice(0, 200) ?? '') || null,
    },
  }
}

/** Up to five; where no share is said, each takes the same. Percent of price, and of the position. */
function readTargets(fields: Fields): Alert['targets'] | undefined {
  const targets: Alert['targets'] = []
  const count = Array.from({ length: TARGETS_MAX }, (_, index) => index + 1).filter((one) => fields.has(`target${one}percent`)).length
  for (let index = 1; index <= count; index += 1) {
    const percent = above(readNumber(fields.get(`target${index}percent`)))
    const share =
      above(readNumber(fields.get(`target${index}share`))) ?? new Decimal(100).div(count).toDecimalPlaces(4, Decimal.ROUND_DOWN).toFixed()
    if (percent === null) return undefined
    targets.push({ percent, share })
  }
  return targets
}

function wholeSeconds(number: string | null | undefined): number | null {
  const text = above(number)
  return text === null ? null : Math.min(86_400, Math.max(1, Math.floor(Number(text))))
}

const KEY_LENGTH_MAX = 200

/** Two markets may fire in the same second: a time alone is unique for one market and action. */
function permanentKey(fields: Fields, { ticker, action }: { ticker: string; action: Alert['action'] }): string | null {
  const timestamp = first(fields, KEYS.alertTimestamp)
  const key = first(fields, KEYS.idempotencyKey) ?? (timestamp === undefined ? undefined : `${timestamp} ${ticker} ${action ?? ''}`)
  return key === undefined || key.length > KEY_LENGTH_MAX ? null : clean(key)
}

function notANumber(name: string, text: string | undefined): Refused {
  return refuse(
    'ALERT_NOT_A_NUMBER',
    `"${(text ?? '').slice(0, 40)}" is not a number for ${name}. Check that the placeholder has a value on this chart, or leave the field out.`,
    { field: name },
  )
}

/** Indicators send strategy placeholders back as they are. */
function leftPlaceholder(fields: Fields, keys?: readonly string[]): Refused | undefined {
  for (const [key, text] of fields) {
    if (!text.includes('{{') || keys?.includes(key) === false) continue
    const name = text.slice(text.indexOf('{{')).slice(0, 60)
    return refuse(
      'ALERT_PLACEHOLDER_LEFT',
      `${name} was not filled in (field ${key}). Strategy placeholders work in strategy alerts only; check the spelling.`,
      { field: key, placeholder: name },
    )
  }
  return undefined
}

function readOrderType(text: string): Alert['orderType'] | undefined {
  const type = text.toLowerCase()
  return type === 'limit' || type === 'market' ? type : undefined
}

function splitTicker(ticker: string): [exchange: string | null, bare: string] {
  const at = ticker.indexOf(':')
  if (at === -1 || ticker.includes('/') || !/^[A-Z]{2,12}$/i.test(ticker.slice(0, at))) return [null, ticker]
  return [ticker.slice(0, at).toUpperCase(), ticker.slice(at + 1)]
}

function isYes(text: string | undefined): boolean {
  return text !== undefined && /^(true|1|yes|on)$/i.test(text)
}

function isZero(number: string): boolean {
  return /^-?0(\.0*)?$/.test(number)
}

function absolute(number: string | null | undefined): string | null {
  return number?.replace(/^-/, '') ?? null
}

/** Zero and below mean nothing was given. */
function above(number: string | null | undefined): string | null {
  return number === null || number === undefined || number.startsWith('-') || isZero(number) ? null : number
}

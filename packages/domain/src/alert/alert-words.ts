import { QuantityUnit, type Alert } from '@matic/contracts'

/** Names of fields as the known dialects spell them, in lower case without separators. Earlier names win. */
export const KEYS = {
  ticker: ['symbol', 'ticker', 'tickerid', 'pair', 'instrument', 'tvinstrument', 'market', 's'],
  action: ['action', 'orderaction', 'strategyorderaction', 'order', 'signal', 'type', 'b'],
  /** Whoever fills one of these in means it: a word we do not know is refused instead of passed over. */
  plainAction: ['action', 'orderaction', 'strategyorderaction'],
  side: ['side', 'direction', 'sentiment'],
  marketPosition: ['marketposition', 'strategymarketposition', 'currentposition'],
  previousMarketPosition: ['prevmarketposition', 'previousmarketposition', 'strategyprevmarketposition', 'prevposition'],
  marketPositionSize: ['marketpositionsize', 'strategymarketpositionsize'],
  signedPositionSize: ['positionsize', 'strategypositionsize'],
  previousMarketPositionSize: ['prevmarketpositionsize', 'previousmarketpositionsize', 'strategyprevmarketpositionsize'],
  quantity: ['quantity', 'qty', 'contracts', 'ordercontracts', 'strategyordercontracts', 'size', 'amount', 'q'],
  quantityUnit: ['quantitytype', 'qtytype', 'sizetype', 'amounttype', 'currencytype', 'investmenttype', 'amountpertradetype'],
  orderType: ['ordertype', 'type', 't'],
  price: ['limitprice', 'price', 'orderprice', 'strategyorderprice', 'p'],
  signalPrice: ['signalprice', 'close', 'triggerprice', 'price', 'strategyorderprice'],
  maxAgeSeconds: ['maxlag', 'maxage', 'maxageseconds'],
  accountId: ['accountid'],
  stopLossPercent: ['stoplosspercent', 'stoplosspercentage', 'stoplosspct', 'slpercent', 'slpct'],
  takeProfitPercent: ['takeprofitpercent', 'takeprofitpercentage', 'takeprofitpct', 'tppercent', 'tppct'],
  leverage: ['leverage', 'lev', 'l'],
  stopLoss: ['stoploss', 'sl', 'stop', 'stopprice', 'stoplossprice', 'stoplossstopprice'],
  takeProfit: ['takeprofit', 'tp', 'target', 'targetprice', 'takeprofitprice', 'takeprofitlimitprice'],
  reduceOnly: ['reduceonly', 'closeonly'],
  /** Names that promise to be unique for ever. A plain `id` never does: it is the strategy's order name, such as Long. */
  idempotencyKey: ['signalid', 'idempotencykey'],
  alertTimestamp: ['alerttimestamp'],
  /** Never `time`: that is the bar's. */
  alertAt: ['timenow', 'timestamp', 'alerttime', 'alertat', 'firedat', 'alerttimestamp'],
  comment: ['comment', 'ordercomment', 'strategyordercomment', 'orderid', 'strategyorderid', 'id', 'note'],
} as const satisfies Record<string, readonly string[]>

/** Stops and targets in forms that we would have to guess at: said so instead of dropped. */
export const PROTECTION_IN_OTHER_FORMS =
  /^(stoploss|sl|takeprofit|tp)(amount|trailamount|trailpercent|pricedeviation|deviation|list)$|^(trailingstop|trailing)(percent|percentage|pct|amount|pricedeviation|deviation|list)$|^(takeprofits|takeprofitslist|takeprofitprice\d|trailingstoppercent|trailpercent)$/

const ACTIONS: Readonly<Record<string, NonNullable<Alert['action']>>> = {
  buy: 'buy',
  long: 'buy',
  golong: 'buy',
  buylong: 'buy',
  enterlong: 'buy',
  entrylong: 'buy',
  openlong: 'buy',
  bullish: 'buy',
  sell: 'sell',
  short: 'sell',
  goshort: 'sell',
  sellshort: 'sell',
  entershort: 'sell',
  entryshort: 'sell',
  openshort: 'sell',
  bearish: 'sell',
  close: 'close',
  exit: 'close',
  flat: 'close',
  flatten: 'close',
  closeposition: 'close',
  exitposition: 'close',
  closelong: 'close-long',
  exitlong: 'close-long',
  closeshort: 'close-short',
  exitshort: 'close-short',
  closeall: 'close-all',
  exitall: 'close-all',
  closeallpositions: 'close-all',
  cancel: 'cancel',
  cancelall: 'cancel',
  cancelorders: 'cancel',
}

/** Say that something opens and leave it to the side which way. */
const SIDE_DECIDES = new Set(['add', 'open', 'enter', 'entry', 'order'])

const POSITIONS: Readonly<Record<string, NonNullable<Alert['marketPosition']>>> = {
  long: 'long',
  bullish: 'long',
  short: 'short',
  bearish: 'short',
  flat: 'flat',
  none: 'flat',
  neutral: 'flat',
}

const UNITS: Readonly<Record<QuantityUnit, readonly string[]>> = {
  base: ['base', 'basecurrency', 'fixed', 'fixedquantity', 'quantity', 'units', 'unit', 'coin', 'coins'],
  contracts: ['contracts', 'contract'],
  quote: ['quote', 'quotecurrency', 'quoteamount', 'dollaramount', 'usd', 'usdt', 'notional'],
  margin: ['margin', 'marginquote'],
  'percent-of-equity': [
    'marginpercent',
    'percentofequity',
    'percentequity',
    'equitypercent',
    'percent',
    'percents',
    'percentage',
    'percentagebalance',
    'percentageinvestment',
    'percentofbalance',
  ],
  'percent-of-position': ['positionpercent', 'percentofposition', 'percentageposition'],
  risk: ['risk', 'riskdollaramount', 'riskquote'],
}

const UNIT_OF = new Map(QuantityUnit.options.flatMap((unit) => UNITS[unit].map((name) => [name, unit] as const)))

export function readAction(text: string): NonNullable<Alert['action']> | undefined {
  return ACTIONS[word(text)]
}

export function leavesItToTheSide(text: string): boolean {
  return SIDE_DECIDES.has(word(text))
}

export function readPosition(text: string): NonNullable<Alert['marketPosition']> | undefined {
  return POSITIONS[word(text)]
}

export function readUnit(text: string): QuantityUnit | undefined {
  return UNIT_OF.get(word(text))
}

/** Enter Long, ENTER_LONG and enter-long are one word. */
export function word(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z]/g, '')
}

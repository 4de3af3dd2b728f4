import type { QuantityUnit } from './alert.ts'

export const TEMPLATE_DIALECTS = ['matic', '3commas', 'okx', 'traderspost', 'wundertrading', 'autoview', 'octobot', 'one-address'] as const
export type TemplateDialect = (typeof TEMPLATE_DIALECTS)[number]

export const TEMPLATE_ACTIONS = ['long', 'short', 'close-long', 'close-short'] as const
export type TemplateAction = (typeof TEMPLATE_ACTIONS)[number]

export const TEMPLATE_UNITS = ['base', 'quote', 'percent-of-equity'] as const satisfies readonly QuantityUnit[]
export type TemplateUnit = (typeof TEMPLATE_UNITS)[number]

/** What a person wants an alert to say. A strategy says its side and position itself; an indicator has one alert for each action. */
export interface TemplateWish {
  readonly dialect: TemplateDialect
  readonly source: { readonly kind: 'strategy' } | { readonly kind: 'indicator'; readonly action: TemplateAction }
  /** Absent: the strategy's own size, or for an indicator as the rules say. */
  readonly size?: { readonly amount: string; readonly unit: TemplateUnit } | undefined
  readonly leverage?: string | undefined
  /** Percent of the entry price. */
  readonly stopPercent?: string | undefined
  readonly targetPercent?: string | undefined
}

/** Dialects that carry a strategy's position; the others are for one action each. */
export const STRATEGY_DIALECTS: readonly TemplateDialect[] = ['matic', '3commas', 'okx', 'traderspost', 'one-address']
const STOP_DIALECTS: readonly TemplateDialect[] = ['matic', 'traderspost', 'wundertrading', 'autoview', 'one-address']
const LEVERAGE_DIALECTS: readonly TemplateDialect[] = ['matic', 'wundertrading', 'autoview', 'octobot', 'one-address']

export function canSay(dialect: TemplateDialect): { readonly strategy: boolean; readonly protection: boolean; readonly leverage: boolean } {
  return {
    strategy: STRATEGY_DIALECTS.includes(dialect),
    protection: STOP_DIALECTS.includes(dialect),
    leverage: LEVERAGE_DIALECTS.includes(dialect),
  }
}

/** The text to paste into the message of a TradingView alert. What the dialect has no word for is left out (`canSay`). */
export function buildTemplate(wish: TemplateWish): string {
  switch (wish.dialect) {
    case 'autoview':
      return autoview(wish)
    case 'octobot':
      return octobot(wish)
    default:
      return JSON.stringify(fieldsOf(wish.dialect, wish), null, 2)
  }
}

type Fields = Record<string, unknown>

const POSITION = {
  marketPosition: '{{strategy.market_position}}',
  prevMarketPosition: '{{strategy.prev_market_position}}',
  marketPositionSize: '{{strategy.market_position_size}}',
  prevMarketPositionSize: '{{strategy.prev_market_position_size}}',
}

function fieldsOf(dialect: Exclude<TemplateDialect, 'autoview' | 'octobot'>, wish: TemplateWish): Fields {
  switch (dialect) {
    case 'matic':
      return { symbol: '{{ticker}}', ...common(wish), timenow: '{{timenow}}', signalPrice: '{{close}}' }
    case 'one-address':
      return { secret: 'PASTE-YOUR-SECRET', symbol: '{{ticker}}', ...common(wish), timenow: '{{timenow}}' }
    case '3commas':
      return threeCommas(wish)
    case 'okx':
      return okx(wish)
    case 'traderspost':
      return tradersPost(wish)
    case 'wundertrading':
      return wunderTrading(wish)
  }
}

function common({ source, size, leverage, stopPercent, targetPercent, dialect }: TemplateWish): Fields {
  const words = { long: 'LONG', short: 'SHORT', 'close-long': 'CLOSE_LONG', 'close-short': 'CLOSE_SHORT' }
  const said =
    source.kind === 'indicator'
      ? { action: dialect === 'one-address' ? words[source.action] : words[source.action].toLowerCase() }
      : { action: '{{strategy.order.action}}', ...POSITION }
  return {
    ...said,
    ...(size === undefined
      ? source.kind === 'strategy'
        ? { quantity: '{{strategy.order.contracts}}' }
        : {}
      : { quantity: size.amount, quantityType: size.unit.replaceAll('-', '_') }),
    ...(leverage === undefined ? {} : { leverage }),
    ...(stopPercent === undefined ? {} : { stopLossPercent: stopPercent }),
    ...(targetPercent === undefined ? {} : { takeProfitPercent: targetPercent }),
  }
}

function threeCommas({ source, size }: TemplateWish): Fields {
  const units = { base: 'base', quote: 'quote', 'percent-of-equity': 'margin_percent' }
  const actions = { long: 'enter_long', short: 'enter_short', 'close-long': 'exit_long', 'close-short': 'exit_short' }
  const order = size === undefined ? undefined : { amount: size.amount, currency_type: units[size.unit] }
  return {
    secret: 'ANY',
    max_lag: '300',
    timestamp: '{{timenow}}',
    trigger_price: '{{close}}',
    tv_exchange: '{{exchange}}',
    tv_instrument: '{{ticker}}',
    bot_uuid: 'ANY',
    ...(source.kind === 'indicator'
      ? { action: actions[source.action], ...(order === undefined ? {} : { order }) }
      : {
          action: '{{strategy.order.action}}',
          strategy_info: {
            market_position: '{{strategy.market_position}}',
            market_position_size: '{{strategy.market_position_size}}',
            prev_market_position: '{{strategy.prev_market_position}}',
            prev_market_position_size: '{{strategy.prev_market_position_size}}',
          },
          order: order ?? { amount: '{{strategy.order.contracts}}', currency_type: 'base' },
        }),
  }
}

function okx({ source, size }: TemplateWish): Fields {
  const units = { base: 'base', quote: 'quote', 'percent-of-equity': 'percentage_balance' }
  const actions = { long: 'ENTER_LONG', short: 'ENTER_SHORT', 'close-long': 'EXIT_LONG', 'close-short': 'EXIT_SHORT' }
  const own = source.kind === 'strategy' ? { investmentType: 'base', amount: '{{strategy.order.contracts}}' } : {}
  return {
    instrument: '{{ticker}}',
    signalToken: 'ANY',
    timestamp: '{{timenow}}',
    maxLag: '60',
    ...(source.kind === 'indicator' ? { action: actions[source.action] } : { action: '{{strategy.order.action}}', ...POSITION }),
    ...(size === undefined ? own : { investmentType: units[size.unit], amount: size.amount }),
  }
}

function tradersPost({ source, size, stopPercent, targetPercent }: TemplateWish): Fields {
  const units = { base: 'fixed_quantity', quote: 'dollar_amount', 'percent-of-equity': 'percent_of_equity' }
  const said = {
    long: { action: 'buy', sentiment: 'bullish' },
    short: { action: 'sell', sentiment: 'bearish' },
    'close-long': { action: 'exit_long' },
    'close-short': { action: 'exit_short' },
  }
  const own = source.kind === 'strategy' ? { quantity: '{{strategy.order.contracts}}', quantityType: 'fixed_quantity' } : {}
  return {
    ticker: '{{ticker}}',
    ...(source.kind === 'indicator'
      ? said[source.action]
      : { action: '{{strategy.order.action}}', sentiment: '{{strategy.market_position}}', ...POSITION }),
    signalPrice: '{{close}}',
    ...(size === undefined ? own : { quantity: size.amount, quantityType: units[size.unit] }),
    ...(stopPercent === undefined ? {} : { stopLoss: { type: 'stop', percent: stopPercent } }),
    ...(targetPercent === undefined ? {} : { takeProfit: { percent: targetPercent } }),
  }
}

function wunderTrading({ source, size, leverage, stopPercent, targetPercent }: TemplateWish): Fields {
  const units = { base: 'base', quote: 'quote', 'percent-of-equity': 'percents' }
  const actions = { long: 'ENTER-LONG', short: 'ENTER-SHORT', 'close-long': 'EXIT-LONG', 'close-short': 'EXIT-SHORT' }
  const action = source.kind === 'indicator' ? actions[source.action] : 'ENTER-LONG'
  return {
    code: `${action}_{{exchange}}_{{ticker}}_bot`,
    orderType: 'market',
    ...(size === undefined ? {} : { amountPerTradeType: units[size.unit], amountPerTrade: size.amount }),
    ...(leverage === undefined ? {} : { leverage }),
    ...(stopPercent === undefined ? {} : { stopLoss: { priceDeviation: asFraction(stopPercent) } }),
    ...(targetPercent === undefined ? {} : { takeProfits: [{ priceDeviation: asFraction(targetPercent), portfolio: '1' }] }),
  }
}

function autoview({ source, size, leverage, stopPercent, targetPercent }: TemplateWish): string {
  const action = source.kind === 'indicator' ? source.action : 'long'
  const side = action === 'long' || action === 'close-long' ? 'long' : 'short'
  if (action === 'close-long' || action === 'close-short') return `e={{exchange}} s={{ticker}} c=position b=${side}`
  const quantity = size === undefined || size.unit === 'quote' ? '' : ` q=${size.amount}${size.unit === 'percent-of-equity' ? '%' : ''}`
  return [
    `e={{exchange}} s={{ticker}} b=${side}${quantity} t=market`,
    leverage === undefined ? '' : ` l=${leverage}`,
    stopPercent === undefined ? '' : ` sl=${stopPercent}%`,
    targetPercent === undefined ? '' : ` tp=${targetPercent}%`,
  ].join('')
}

function octobot({ source, size, leverage }: TemplateWish): string {
  const action = source.kind === 'indicator' ? source.action : 'long'
  const suffix = { base: '', quote: 'q', 'percent-of-equity': '%' }
  const closes = action === 'close-long' || action === 'close-short'
  const buys = action === 'long' || action === 'close-short'
  return [
    'EXCHANGE={{exchange}}',
    'SYMBOL={{ticker}}',
    `SIGNAL=${buys ? 'BUY' : 'SELL'}`,
    ...(closes ? ['REDUCE_ONLY=true'] : []),
    ...(size === undefined || closes ? [] : [`VOLUME=${size.amount}${suffix[size.unit]}`]),
    ...(leverage === undefined ? [] : [`LEVERAGE=${leverage}`]),
  ].join('\n')
}

/** 2.5 % is 0.025, digit by digit. */
function asFraction(percent: string): string {
  const [whole = '0', decimals = ''] = percent.split('.')
  const digits = whole.padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}${decimals}`
}

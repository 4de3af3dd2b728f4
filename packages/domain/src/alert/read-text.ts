import { readAction } from './alert-words.ts'
import { collapseCommands } from './collapse-commands.ts'
import { translate } from './dialects/index.ts'
import { isWunderTradingCode } from './dialects/wunder-trading.ts'
import { put, refuse, type BodyRead } from './fields.ts'
import { readAlertatron } from './read-alertatron.ts'

/** What TradingView puts into a strategy alert when nobody writes a message. */
const TRADINGVIEW = /\border (buy|sell) @ (\S{1,40}) filled on (\S{1,40}?)\.?\s{1,4}New strategy position is (\S{1,40}?)\.?$/i
const WORDS_MAX = 8
const VERB = /^(buy|sell|long|short|close|exit|flat|flatten|enter|open|go|cancel|all|close_?all|(close|exit|enter|open)_?(long|short))$/i
const FILLER = /^(@|at|market|now|position|qty|quantity|size)$/i
const SYMBOL = /^([A-Z]{2,12}:)?[A-Z0-9]{2,15}[-/_]?(USDT|USDC|USD|PERP)[\w.:/-]*$/i
const NUMBER = /^[\d.,]{1,40}$/
const LEVERAGE = /^\d{1,3}x$/i
/** An exchange before a ticker looks like a key before its value. */
const EXCHANGE = /^(BINANCE|BYBIT|OKX|OKEX|BITGET|BITMEX|KRAKEN|KUCOIN|MEXC|GATEIO|COINBASE|HTX)$/i

/** key=value text in any of its spellings, TradingView's own sentence, or a few plain words. */
export function readText(text: string): BodyRead {
  const block = readAlertatron(text)
  if (block !== undefined) return block.ok ? translated(new Map(block.fields)) : block
  if (isWunderTradingCode(text)) return translated(new Map([['wundertradingcode', text]]))
  const fields = new Map<string, string>()
  const sentence = text.length <= 500 ? TRADINGVIEW.exec(text) : null
  if (sentence !== null) {
    const [, action = '', contracts = '', ticker = '', positionSize = ''] = sentence
    for (const [key, value] of Object.entries({ action, contracts, ticker, positionSize })) put(fields, key, value)
    return { ok: true, fields, dialect: 'tradingview' }
  }
  const commands = commandsOf(text)
  if (commands.length > 1) {
    const collapsed = collapseCommands(commands)
    return 'code' in collapsed ? collapsed : readPairs(collapsed)
  }
  for (const [key, value] of pairsOf(text)) put(fields, key, value)
  if (fields.size >= 2) return readPairs(fields)
  return readWords(text.split(/\s+/), text)
}

function readPairs(fields: Map<string, string>): BodyRead {
  // Autoview: c=position closes, c=order cancels, d=1 only shows what would be done.
  const closing = fields.get('c')?.toLowerCase()
  if (fields.get('d') === '1')
    return refuse('ALERT_NOT_UNDERSTOOD', 'A dry run (d=1) makes no order. Use the test alert on the webhook page.', {})
  if (closing === 'order') put(fields, 'action', 'cancel')
  if (closing === 'position') put(fields, 'action', closedSide(fields.get('b')))
  // Among JSON keys this is the bar's volume, never the order's.
  const dialect = translate(fields, 'text')
  if (typeof dialect === 'object') return dialect
  const volume = fields.get('volume')
  if (volume !== undefined && !fields.has('quantity')) put(fields, 'quantity', volume)
  return { ok: true, fields, dialect: dialect ?? 'text' }
}

function translated(fields: Map<string, string>): BodyRead {
  const dialect = translate(fields, 'text')
  return typeof dialect === 'object' ? dialect : { ok: true, fields, dialect: dialect ?? 'text' }
}

/** Lines that each name a market and what to do with it: Autoview takes one command a line. */
function commandsOf(text: string): Map<string, string>[] {
  const commands = text.split(/[\n|]/).map((line) => {
    const fields = new Map<string, string>()
    for (const [key, value] of pairsOf(line)) put(fields, key, value)
    return fields
  })
  return commands.filter((fields) => fields.has('s') && (fields.has('b') || fields.has('c')))
}

function closedSide(side: string | undefined): string {
  if (side === undefined) return 'close'
  return readAction(side) === 'buy' ? 'close long' : readAction(side) === 'sell' ? 'close short' : 'close'
}

/** Every word has to make sense: a sentence that happens to hold "buy" is not an order. */
function readWords(words: readonly string[], text: string): BodyRead {
  const verbs = words.filter((word) => VERB.test(word))
  const symbols = words.filter((word) => !VERB.test(word) && SYMBOL.test(word))
  const numbers = words.filter((word) => NUMBER.test(word))
  const leverages = words.filter((word) => LEVERAGE.test(word))
  const understood = verbs.length + symbols.length + numbers.length + leverages.length + words.filter((word) => FILLER.test(word)).length
  const action = verbs.join(' ')
  if (
    understood !== words.length ||
    words.length > WORDS_MAX ||
    symbols.length > 1 ||
    numbers.length > 1 ||
    leverages.length > 1 ||
    readAction(action) === undefined
  ) {
    return refuse('ALERT_NOT_UNDERSTOOD', 'The alert is neither JSON nor key=value text. Paste the template from the webhook page.', {
      start: text.slice(0, 60),
    })
  }
  const fields = new Map<string, string>()
  put(fields, 'action', action)
  if (symbols[0] !== undefined) put(fields, 'symbol', symbols[0])
  if (numbers[0] !== undefined) put(fields, 'quantity', numbers[0])
  if (leverages[0] !== undefined) put(fields, 'leverage', leverages[0].slice(0, -1))
  return { ok: true, fields, dialect: 'words' }
}

/** "symbol=BTCUSDT action: buy comment = up and away": a new pair starts at each word with = or : right behind it. */
function pairsOf(text: string): [string, string][] {
  return text.split(/[\n;|]/).flatMap((line) => {
    const pairs: { key: string; words: string[] }[] = []
    let before = ''
    for (const piece of line.trim().split(/\s+/)) {
      const current = pairs.at(-1)
      const [, key, value = ''] = /^([\w.]{1,40})[=:](.*)$/.exec(piece) ?? []
      if (key !== undefined && current?.words.length !== 0) pairs.push({ key, words: value === '' ? [] : [value] })
      else if (/^[=:]/.test(piece) && before !== '') {
        // A separator that stands alone belongs to the word before it.
        current?.words.pop()
        pairs.push({ key: before, words: piece.length > 1 ? [piece.slice(1)] : [] })
      } else current?.words.push(piece)
      before = /^[\w.]{1,40}$/.test(piece) ? piece : ''
    }
    return pairs.filter(({ key }) => !EXCHANGE.test(key)).map(({ key, words }): [string, string] => [key, unquoted(words.join(' '))])
  })
}

function unquoted(text: string): string {
  return text.replaceAll(/^["'\u2018\u201C]|["'\u2019\u201D]$/g, '')
}

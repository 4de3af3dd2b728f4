import { collapseCommands } from './collapse-commands.ts'
import { put, refuse, type BodyRead, type Refused } from './fields.ts'

const COMMANDS_MAX = 16
const BLOCK = /^[\w -]{1,60}\(([\w.:/-]{2,40})\)\s*\{([\s\S]*)\}\s*$/
const COMMAND = /^(\w{1,40})\(([^()]*)\)$/

/** MyKeys(BTCUSDT) { cancel(which=all); market(side=buy, amount=10%); } @returns `undefined` for a text of another form */
export function readAlertatron(text: string): BodyRead | undefined {
  const [, symbol = '', block = ''] = BLOCK.exec(text) ?? []
  if (symbol === '') return undefined
  const lines = block
    .split(/[;\n]/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
  if (lines.length === 0 || lines.length > COMMANDS_MAX) return refuse('ALERT_NOT_UNDERSTOOD', 'The braces hold no command.', {})
  const commands: Map<string, string>[] = []
  for (const line of lines) {
    const command = readCommand(line, symbol)
    if ('code' in command) return command
    commands.push(command)
  }
  const fields = collapseCommands(commands)
  return 'code' in fields ? fields : { ok: true, fields, dialect: 'text' }
}

function readCommand(line: string, symbol: string): Map<string, string> | Refused {
  const [, name = '', list = ''] = COMMAND.exec(line) ?? []
  const args = new Map<string, string>()
  for (const part of list.split(',')) {
    const [, key, value] = /^\s*(\w{1,40})\s*=\s*(\S{1,60})\s*$/.exec(part) ?? []
    if (key !== undefined && value !== undefined) args.set(key.toLowerCase(), value)
  }
  const fields = new Map([
    ['alertatron', 'yes'],
    ['symbol', symbol],
  ])
  switch (name.toLowerCase()) {
    case 'cancel':
      fields.set('action', 'cancel')
      return fields
    case 'exittrade':
    case 'closeposition':
      fields.set('action', 'close')
      return fields
    case 'market':
    case 'limit':
      return readOrder(fields, name.toLowerCase(), args)
    default:
      return refuse(
        'ALERT_NOT_UNDERSTOOD',
        `The command ${name === '' ? line.slice(0, 40) : name} is not taken. Send market, limit, cancel or exitTrade.`,
        {
          field: name,
        },
      )
  }
}

/** `position` is a target with a sign; `amount` is coins, or percent of the balance. */
function readOrder(fields: Map<string, string>, type: string, args: ReadonlyMap<string, string>): Map<string, string> {
  put(fields, 'orderType', type)
  for (const [from, to] of Object.entries({
    side: 'action',
    price: 'limitPrice',
    offset: 'limitPrice',
    leverage: 'leverage',
    reduceonly: 'reduceOnly',
  })) {
    const value = args.get(from)
    if (value !== undefined) put(fields, to, value.replace(/^@/, ''))
  }
  const position = args.get('position')
  if (position !== undefined) put(fields, 'positionSize', position)
  const amount = args.get('amount')
  if (amount === undefined) return fields
  put(fields, 'quantity', amount.replace(/%$/, ''))
  if (amount.endsWith('%')) put(fields, 'quantityType', isYes(args.get('reduceonly')) ? 'percent of position' : 'percent of equity')
  return fields
}

function isYes(text: string | undefined): boolean {
  return text !== undefined && /^(true|1|yes)$/i.test(text)
}

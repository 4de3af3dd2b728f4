import { readAction } from './alert-words.ts'
import { first, refuse, type Refused } from './fields.ts'
import { KEYS } from './alert-words.ts'

/**
 * Several commands in one body, read as the one thing they come to: cancel, close and then open is a position on that side. Anything else,
 * such as two markets or two opens, would be more than one alert.
 */
export function collapseCommands(commands: readonly Map<string, string>[]): Map<string, string> | Refused {
  const last = commands.at(-1)
  if (last === undefined) return refuse('ALERT_EMPTY', 'The alert has no command.', {})
  const symbols = new Set(commands.map((command) => first(command, KEYS.ticker)?.toUpperCase()))
  const before = commands.slice(0, -1).map(kindOf)
  if (symbols.size > 1 || before.some((kind) => kind !== 'cancel' && kind !== 'close'))
    return refuse('ALERT_NOT_UNDERSTOOD', 'There is more than one order in this alert. Send one alert for each.', {
      commands: commands.length,
    })
  if (kindOf(last) === 'cancel' && before.includes('close')) return commands.findLast((command) => kindOf(command) === 'close') ?? last
  if (kindOf(last) !== 'open' || !before.includes('close')) return last

  const isLong = readAction(first(last, ['action', 'b']) ?? '') === 'buy'
  const position = new Map(last)
  position.set('marketposition', isLong ? 'long' : 'short')
  position.set('prevmarketposition', isLong ? 'short' : 'long')
  return position
}

function kindOf(command: ReadonlyMap<string, string>): 'cancel' | 'close' | 'open' {
  const closing = command.get('c')?.toLowerCase()
  if (closing === 'order') return 'cancel'
  if (closing === 'position') return 'close'
  const action = readAction(first(command, KEYS.action) ?? '')
  if (action === 'cancel') return 'cancel'
  return action === undefined || action === 'buy' || action === 'sell' ? 'open' : 'close'
}

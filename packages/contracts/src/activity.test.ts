import { describe, expect, it } from 'vitest'
import { activityOf, activityText } from './activity.ts'
import type { FactKind } from './sockets.ts'

function say(kind: FactKind, payload: Record<string, unknown>, entity = 'thing'): string | null {
  const line = activityOf({ kind, entity, payload })
  return line && `${line.level}: ${activityText(line.code, line.params)}`
}

describe('the activity log', () => {
  it.each([
    ['signal-received', { ticker: 'BTCUSDT', action: 'buy' }, 'INFO: BTCUSDT: a signal came in (buy).'],
    ['signal-decided', { outcome: 'BLOCKED', reason: 'MAX_POSITIONS' }, 'WARNING: A signal was blocked (max positions).'],
    ['signal-decided', { outcome: 'BLOCKED', reason: 'DEAD' }, 'ERROR: A signal was blocked (dead).'],
    ['signal-decided', { outcome: 'ORDERS', symbol: 'BTC/USDT:USDT', intent: 'open' }, 'INFO: BTC/USDT: the signal became orders (open).'],
    [
      'order-changed',
      { state: 'FILLED', symbol: 'X/USDT:USDT', leg: 'open', side: 'buy', filledBase: '0.01', averagePrice: '100' },
      'SUCCESS: X/USDT: open filled, buy 0.01 at 100.',
    ],
    [
      'order-changed',
      { state: 'REJECTED', symbol: 'X', leg: 'stop', reason: 'REJECTED_MARGIN' },
      'ERROR: X: stop was refused (rejected margin).',
    ],
    ['order-changed', { state: 'SUBMITTING' }, null],
    ['balance-changed', {}, null],
    ['settings-changed', { fields: ['isEnabled'], isEnabled: false }, 'INFO: The bot was switched off: it opens nothing.'],
    ['settings-changed', { fields: ['maxLeverage', 'maxPositions'] }, 'INFO: Rules were changed: max leverage, max positions.'],
    ['account-changed', { keyStatus: 'VALID' }, 'SUCCESS: An exchange account is ready to trade.'],
    ['account-changed', { keyStatus: 'OPENING' }, 'INFO: An exchange account was added.'],
    ['account-changed', { label: 'Two' }, 'INFO: An exchange account is now called Two.'],
    ['kill-switch-changed', { engaged: true }, 'WARNING: The kill switch was engaged: nothing opens until it is released.'],
    ['security-changed', { change: 'password-changed' }, 'WARNING: The password was changed; every other session was ended.'],
    ['security-changed', { change: 'recovery-code-used', left: 9 }, 'WARNING: A recovery code was used; 9 are left.'],
    ['security-changed', { change: 'something newer' }, 'WARNING: Sign-in was changed: something newer.'],
    [
      'follow-changed',
      { change: 'detached', strategy: 'Trend', symbol: 'BTC/USDT:USDT', cause: 'BY_HAND' },
      'WARNING: BTC/USDT: what your follow of Trend held ended without the leader (by hand). Nothing of it is copied until the leader is flat there.',
    ],
    ['follow-changed', { change: 'something newer', strategy: 'Trend' }, 'INFO: Trend: your follow was changed.'],
    ['note-added', { level: 'ERROR', text: 'READ {this}' }, 'ERROR: READ {this}'],
    ['note-added', { level: 'FATAL', text: 'x' }, 'INFO: x'],
  ] as const)('%s %j reads %s', (kind, payload, line) => {
    expect(say(kind, payload)).toBe(line)
  })

  it('tells a new webhook address from new rules', () => {
    expect(say('settings-changed', { fields: ['webhookUrl'] }, 'webhook')).toBe('INFO: The webhook got a new address.')
  })

  it('tells a follower what is owed for a month, and that nothing was taken', () => {
    const payload = { strategy: 'Trend', period: '2026-10', fee: '50', profitShare: '20', management: '30' }
    expect(say('settings-changed', payload, 'copy-fee')).toMatch(
      /^INFO: Trend: 50 USDT is owed for 2026-10: 20 of the profit, 30 for management\..*nothing was taken/,
    )
  })
})

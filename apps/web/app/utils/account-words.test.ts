import { describe, expect, it } from 'vitest'
import { clockWords, ipWords, permissionWords, statusWords } from './account-words.ts'

const check = {
  permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: null },
  ipRestricted: null,
  ipAddresses: [],
  marginMode: null,
  holdsFutures: true,
  clockOffsetMs: null,
  openPositions: 0,
  equity: null,
  checkedAt: '2026-01-01T00:00:00.000Z',
  expiresAt: null,
  findings: [],
}

describe('what people read of an account', () => {
  it.each([
    [{ status: 'OPENING', isActive: true }, 'Being checked'],
    [{ status: 'INVALID', isActive: true }, 'Refused'],
    [{ status: 'FROZEN', isActive: false }, 'Frozen: closes only'],
    [{ status: 'VALID', isActive: false }, 'Switched off: closes only'],
    [{ status: 'VALID', isActive: true }, 'Ready'],
  ] as const)('%j is %s', (account, label) => {
    expect(statusWords({ ...account, check: null }).label).toBe(label)
  })

  it('does not call an account ready on which nothing is traded', () => {
    const findings = [{ code: 'VENUE_NOT_CERTIFIED', severity: 'info', params: {} }] as const
    expect(statusWords({ status: 'VALID', isActive: true, check: { ...check, findings: [...findings] } }).label).toMatch(/not traded/)
  })

  it('tells rights by word and sign, and leaves out what is not told', () => {
    expect(permissionWords(check.permissions).map(({ label, tone }) => `${label} ${tone}`)).toEqual([
      'Reading good',
      'Futures trading good',
      'No withdrawals good',
    ])
    expect(
      permissionWords({ read: true, trade: false, futures: null, withdraw: true, transfer: true }).map(
        ({ label, tone }) => `${label} ${tone}`,
      ),
    ).toEqual(['Reading good', 'No futures trading bad', 'Withdrawals bad', 'Transfers bad'])
  })

  it('says addresses and clocks plainly', () => {
    expect(ipWords(check)).toBe('Not told')
    expect(ipWords({ ...check, ipRestricted: false })).toBe('Any address')
    expect(ipWords({ ...check, ipRestricted: true, ipAddresses: ['203.0.113.7'] })).toBe('203.0.113.7')
    expect([12.4, -3.6, 0, null].map(clockWords)).toEqual(['+12 ms', '−4 ms', '0 ms', '—'])
  })
})

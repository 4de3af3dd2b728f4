import { FINDINGS, findingWords, type AccountFinding, type AccountProbe, type FindingCode } from '@matic/contracts'
import { describe, expect, test } from 'vitest'
import { diagnose, keyStatusAfter, type Examined } from './diagnose.ts'
import { findingOfRefusal, findingOfSilence } from './key-refusal.ts'

const DAY_MS = 86_400_000
const nowMs = Date.UTC(2026, 10, 21)

const healthy: AccountProbe = {
  permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: false },
  ipRestricted: true,
  ipAddresses: ['203.0.113.7'],
  expiresAtMs: null,
  positionMode: 'ONE_WAY',
  marginMode: 'per-symbol',
  holdsFutures: true,
  clockOffsetMs: 12,
  openPositions: 0,
  equity: '1000',
}
const permissions = (change: Partial<AccountProbe['permissions']>) => ({ permissions: { ...healthy.permissions, ...change } })

function examine(probe: Partial<AccountProbe>, change: Partial<Examined> = {}): AccountFinding[] {
  return diagnose({
    exchangeName: 'Binance',
    environment: 'LIVE',
    certified: true,
    wantedMarginMode: 'cross',
    nowMs,
    ...change,
    probe: { ...healthy, ...probe },
  })
}

test('a key with the rights it needs, bound to an address, has nothing wrong with it', () => {
  expect(examine({})).toEqual([])
})

describe('the doctor finds', () => {
  test.each([
    ['WITHDRAWAL_ALLOWED', permissions({ withdraw: true }), {}, {}],
    ['TRANSFER_ALLOWED', permissions({ transfer: true }), {}, {}],
    ['TRADING_NOT_ALLOWED', permissions({ trade: false, futures: false }), {}, {}],
    ['FUTURES_NOT_ALLOWED', permissions({ futures: false }), {}, {}],
    ['ACCOUNT_MODE_SPOT', { holdsFutures: false }, {}, {}],
    ['KEY_EXPIRED', { expiresAtMs: nowMs - 1 }, {}, {}],
    ['KEY_EXPIRES_SOON', { expiresAtMs: nowMs + 13.5 * DAY_MS }, {}, { days: 13 }],
    ['CLOCK_OFF', { clockOffsetMs: -1_500.4 }, {}, { offsetMs: -1_500 }],
    ['NO_IP_RULE', { ipRestricted: false }, {}, {}],
    ['MARGIN_MODE_FIXED', { marginMode: 'cross' }, { wantedMarginMode: 'isolated' }, { marginMode: 'cross', wanted: 'isolated' }],
    ['HEDGE_MODE', { positionMode: 'HEDGE' }, {}, {}],
    ['NO_FUNDS', { equity: '0.000' }, {}, {}],
    ['PERMISSIONS_UNKNOWN', permissions({ withdraw: null }), { environment: 'DEMO' }, { environment: 'demo' }],
  ] satisfies [FindingCode, Partial<AccountProbe>, Partial<Examined>, object][])('%s', (code, probe, change, params) => {
    expect(examine(probe, change)).toEqual([{ code, severity: FINDINGS[code].severity, params: { exchange: 'Binance', ...params } }])
  })

  test('what was open before, where nothing is traded yet', () => {
    const codes = examine({ openPositions: 2 }, { certified: false }).map(({ code }) => code)
    expect(codes).toEqual(['POSITIONS_FOUND', 'VENUE_NOT_CERTIFIED'])
    expect(examine({ openPositions: 2 })).toEqual([])
  })

  test.each([
    ['a second of clock', { clockOffsetMs: 1_000 }],
    ['an expiry far off', { expiresAtMs: nowMs + 30 * DAY_MS }],
    ['the margin mode that the rules ask for', { marginMode: 'cross' }],
    ['nothing that was not told', { ipRestricted: null, clockOffsetMs: null, equity: null, openPositions: null, marginMode: null }],
  ] satisfies [string, Partial<AccountProbe>][])('nothing wrong with %s', (_name, probe) => {
    expect(examine(probe)).toEqual([])
  })

  test('nobody asks a demo key for an address rule', () => {
    expect(examine({ ipRestricted: false }, { environment: 'DEMO' })).toEqual([])
  })
})

describe('what follows', () => {
  const bad = examine(permissions({ withdraw: true }))
  test.each([
    ['OPENING', bad, 'INVALID'],
    ['INVALID', bad, 'INVALID'],
    ['VALID', bad, 'FROZEN'],
    ['FROZEN', bad, 'FROZEN'],
    ['OPENING', examine({ ipRestricted: false }), 'VALID'],
    ['FROZEN', [], 'VALID'],
    ['INVALID', [], 'VALID'],
  ] as const)('%s with these findings is %j → %s', (before, findings, after) => {
    expect(keyStatusAfter(before, findings)).toBe(after)
  })
})

describe('a refused key', () => {
  test.each([
    ['BINANCE', '-2015', 'KEY_OR_IP_OR_PERMISSION'],
    ['BINANCE', '-2014', 'KEY_UNKNOWN'],
    ['BINANCE', '-1022', 'SECRET_WRONG'],
    ['OKX', '50111', 'KEY_UNKNOWN'],
    ['OKX', '50113', 'SECRET_WRONG'],
    ['OKX', '50105', 'PASSPHRASE_WRONG'],
    ['OKX', '50110', 'IP_NOT_ALLOWED'],
    ['OKX', '50101', 'ENVIRONMENT_WRONG'],
    ['OKX', '50120', 'PERMISSION_MISSING'],
    ['BITGET', '40006', 'KEY_UNKNOWN'],
    ['BITGET', '40009', 'SECRET_WRONG'],
    ['BITGET', '40012', 'PASSPHRASE_WRONG'],
    ['BITGET', '40018', 'IP_NOT_ALLOWED'],
    ['BITGET', '40014', 'PERMISSION_MISSING'],
    ['BYBIT', '10003', 'KEY_UNKNOWN'],
    ['BYBIT', '10004', 'SECRET_WRONG'],
    ['BYBIT', '10005', 'PERMISSION_MISSING'],
    ['BYBIT', '10010', 'IP_NOT_ALLOWED'],
    ['BYBIT', '33004', 'KEY_EXPIRED'],
    ['BYBIT', '99999', 'KEY_REFUSED'],
  ] as const)('by %s with %s is %s, and its code stays visible', (exchange, code, finding) => {
    const found = findingOfRefusal({ exchange, exchangeName: 'X', code, text: 'No.' })
    expect(found).toMatchObject({ code: finding, severity: 'refuse', params: { code } })
    const { text, fix } = findingWords(found)
    expect(`${text} ${fix}`).not.toMatch(/[{}]/)
    if (finding !== 'KEY_EXPIRED') expect(text).toContain(code)
  })
})

test('an exchange that is silent condemns nobody', () => {
  const finding = findingOfSilence({ exchangeName: 'OKX', code: 'timeout' })
  expect(keyStatusAfter('VALID', [finding])).toBe('VALID')
  expect(findingWords(finding).text).toBe('OKX could not be asked (timeout).')
})

test('every finding that needs doing something says what', () => {
  for (const [code, { severity, text, fix }] of Object.entries(FINDINGS)) {
    expect(text, code).toMatch(/\.$/)
    if (severity !== 'info') expect(fix, code).toMatch(/\w+ \w+.*\.$/)
  }
})

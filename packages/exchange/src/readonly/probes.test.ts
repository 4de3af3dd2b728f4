import http from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createBinanceExchange } from '../binance/exchange.ts'
import type { AccountHandle, ExchangePort } from '../port.ts'
import { BITGET } from './bitget.ts'
import { BYBIT } from './bybit.ts'
import { createReadOnlyExchange } from './exchange.ts'
import { OKX } from './okx.ts'

/** What each path answers, as it is or as it is then; a path without an answer fails the test. */
type Answers = Record<string, unknown>
const isOfNow = (answer: unknown): answer is () => unknown => typeof answer === 'function'
interface Seen {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
}

let answers: Answers
let status: number
let seen: Seen[]
let url: string
const ports: ExchangePort[] = []
const server = http.createServer((incoming, outgoing) => {
  const { pathname } = new URL(incoming.url ?? '/', 'http://exchange')
  seen.push({ path: `${incoming.method} ${pathname}`, headers: incoming.headers })
  const known = Object.hasOwn(answers, pathname)
  const answer = answers[pathname]
  outgoing
    .writeHead(known ? status : 404, { 'content-type': 'application/json' })
    .end(JSON.stringify(!known ? { nothing: pathname } : isOfNow(answer) ? answer() : answer))
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
})
beforeEach(() => {
  status = 200
  seen = []
})
afterAll(async () => {
  for (const port of ports) await port.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const account: AccountHandle = {
  accountId: 'a',
  credentials: { apiKey: 'the-key', secret: 'the-secret', passphrase: 'the-passphrase' },
  positionMode: 'ONE_WAY',
}
const common = { clock: { now: () => Date.now() }, requestTimeoutMs: 2_000, recvWindowMs: 3_000, streamSilenceMs: 6_000 }

function open(exchange: 'BINANCE' | 'OKX' | 'BITGET' | 'BYBIT', demo = false): ExchangePort {
  const options = { ...common, exchange, demo, baseUrl: url }
  const port = {
    BINANCE: () => createBinanceExchange({ ...options, certified: false }),
    OKX: () => createReadOnlyExchange(OKX, options),
    BITGET: () => createReadOnlyExchange(BITGET, options),
    BYBIT: () => createReadOnlyExchange(BYBIT, options),
  }[exchange]()
  ports.push(port)
  return port
}

// Shapes as the exchanges' own pages and CCXT's recorded answers have them.
const OKX_CONFIG = {
  acctLv: '2',
  autoLoan: false,
  ctIsoMode: 'automatic',
  greeksType: 'PA',
  ip: '203.0.113.7,203.0.113.8',
  kycLv: '3',
  label: 'matic',
  level: 'Lv1',
  mainUid: '44705892343619584',
  perm: 'read_only,trade',
  posMode: 'long_short_mode',
  type: '0',
  uid: '44705892343619584',
}
const okx = (config: object = {}): Answers => ({
  '/api/v5/public/time': () => ({ code: '0', msg: '', data: [{ ts: String(Date.now()) }] }),
  '/api/v5/account/config': { code: '0', msg: '', data: [{ ...OKX_CONFIG, ...config }] },
  '/api/v5/account/balance': {
    code: '0',
    msg: '',
    data: [
      {
        totalEq: '5000.5',
        uTime: '1705474164160',
        details: [
          { ccy: 'USDT', cashBal: '4990.1', availEq: '4834.3', availBal: '4834.3', eq: '5000.5', upl: '10.4', frozenBal: '166.2', imr: '' },
        ],
      },
    ],
  },
  '/api/v5/account/positions': {
    code: '0',
    msg: '',
    data: [
      {
        instType: 'SWAP',
        instId: 'BTC-USDT-SWAP',
        posSide: 'long',
        pos: '12',
        avgPx: '61234.5',
        markPx: '62000',
        liqPx: '',
        lever: '10',
        mgnMode: 'cross',
        margin: '',
        imr: '74.4',
        upl: '9.2',
      },
      { instType: 'SWAP', instId: 'ETH-USDT-SWAP', posSide: 'short', pos: '0', avgPx: '' },
    ],
  },
})
const BITGET_INFO = {
  userId: '1234567890',
  inviterId: '',
  ips: '203.0.113.7',
  authorities: ['coow', 'cpow', 'stor'],
  parentId: '0',
  traderType: 'not_trader',
  channelCode: '',
  channel: '',
  regisTime: '1712112907000',
}
const bitget = (info: object = {}, mode = 'hedge_mode'): Answers => ({
  '/api/v2/public/time': () => ({ code: '00000', msg: 'success', requestTime: 1, data: { serverTime: String(Date.now()) } }),
  '/api/v2/spot/account/info': { code: '00000', msg: 'success', requestTime: 1, data: { ...BITGET_INFO, ...info } },
  '/api/v2/mix/account/account': {
    code: '00000',
    msg: 'success',
    requestTime: 1,
    data: {
      marginCoin: 'USDT',
      locked: '0',
      available: '13168.86',
      marginMode: 'crossed',
      posMode: mode,
      assetMode: 'single',
      accountEquity: '13178.86',
    },
  },
  '/api/v2/mix/account/accounts': {
    code: '00000',
    msg: 'success',
    requestTime: 1,
    data: [
      { marginCoin: 'USDT', locked: '0', available: '13000', accountEquity: '13178.86', usdtEquity: '13178.86', unrealizedPL: '8.86' },
    ],
  },
  '/api/v2/mix/position/all-position': { code: '00000', msg: 'success', requestTime: 1, data: [] },
})
const BYBIT_KEY = {
  id: '13770661',
  note: 'matic',
  apiKey: 'the-key',
  readOnly: 0,
  secret: '',
  permissions: {
    ContractTrade: ['Order', 'Position'],
    Spot: [],
    Wallet: [],
    Options: [],
    Derivatives: [],
    CopyTrading: [],
    BlockTrade: [],
    Exchange: [],
    NFT: [],
    Affiliate: [],
  },
  ips: ['*'],
  type: 1,
  deadlineDay: 83,
  expiredAt: '2026-12-01T03:21:05Z',
  createdAt: '2026-09-01T03:21:05Z',
  unified: 0,
  uta: 1,
  userID: 24617703,
  isMaster: true,
  parentUid: '0',
}
const bybit = (key: object = {}, marginMode = 'REGULAR_MARGIN', positionIdx = 0): Answers => ({
  '/v5/market/time': () => ({ retCode: 0, retMsg: 'OK', result: { timeSecond: '1', timeNano: `${Date.now()}000000` }, time: Date.now() }),
  '/v5/user/query-api': { retCode: 0, retMsg: '', result: { ...BYBIT_KEY, ...key }, retExtInfo: {}, time: 1 },
  '/v5/account/info': {
    retCode: 0,
    retMsg: 'OK',
    result: { marginMode, updatedTime: '1697078946000', unifiedMarginStatus: 4, dcpStatus: 'OFF' },
  },
  '/v5/account/wallet-balance': {
    retCode: 0,
    retMsg: 'OK',
    result: {
      list: [
        {
          accountType: 'UNIFIED',
          totalEquity: '3.31216591',
          totalWalletBalance: '3.00326056',
          totalAvailableBalance: '3.00326056',
          totalPerpUPL: '0',
          totalInitialMargin: '0',
        },
      ],
    },
  },
  '/v5/position/list': {
    retCode: 0,
    retMsg: 'OK',
    result: { category: 'linear', list: [{ symbol: 'BTCUSDT', positionIdx, side: positionIdx === 0 ? '' : 'Buy', size: '0' }] },
  },
})
const RESTRICTIONS = {
  ipRestrict: false,
  createTime: 1698645219000,
  enableReading: true,
  enableWithdrawals: false,
  enableInternalTransfer: false,
  enableMargin: false,
  enableFutures: true,
  permitsUniversalTransfer: false,
  enableVanillaOptions: false,
  enableFixApiTrade: false,
  enableFixReadOnly: true,
  enableSpotAndMarginTrading: false,
  enablePortfolioMarginTrading: false,
}
const binance = (restrictions: object = {}, multiAssetsMargin = false): Answers => ({
  '/fapi/v1/time': () => ({ serverTime: Date.now() }),
  '/sapi/v1/account/apiRestrictions': { ...RESTRICTIONS, ...restrictions },
  '/fapi/v1/positionSide/dual': { dualSidePosition: true },
  '/fapi/v1/multiAssetsMargin': { multiAssetsMargin },
  '/fapi/v3/account': {
    totalInitialMargin: '10',
    totalWalletBalance: '990',
    totalUnrealizedProfit: '10',
    totalMarginBalance: '1000',
    availableBalance: '980',
    assets: [],
    positions: [],
  },
  '/fapi/v3/positionRisk': [{ symbol: 'BTCUSDT', positionSide: 'LONG', positionAmt: '0.010' }],
  '/fapi/v3/balance': [{ accountAlias: 'FzFzXquXXqoC', asset: 'USDT', balance: '990' }],
})

describe('a key is asked about at', () => {
  test.each([
    [
      'BINANCE',
      binance(),
      {
        uid: 'FzFzXquXXqoC',
        permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: false },
        ipRestricted: false,
        positionMode: 'HEDGE',
        marginMode: 'per-symbol',
        openPositions: 1,
        equity: '1000',
      },
    ],
    [
      'BINANCE',
      binance({ enableWithdrawals: true, permitsUniversalTransfer: true, ipRestrict: true }, true),
      { permissions: { withdraw: true, transfer: true }, ipRestricted: true, marginMode: 'cross' },
    ],
    [
      'BINANCE',
      binance({ enableFutures: false, enableInternalTransfer: true }),
      { permissions: { trade: false, futures: false, transfer: true } },
    ],
    [
      'OKX',
      okx(),
      {
        uid: '44705892343619584',
        permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: null },
        ipRestricted: true,
        ipAddresses: ['203.0.113.7', '203.0.113.8'],
        positionMode: 'HEDGE',
        marginMode: 'per-symbol',
        holdsFutures: true,
        openPositions: 1,
        equity: '5000.5',
      },
    ],
    [
      'OKX',
      okx({ perm: 'read_only,withdraw', ip: '', acctLv: '1', posMode: 'net_mode' }),
      { permissions: { trade: false, withdraw: true }, ipRestricted: false, positionMode: 'ONE_WAY', holdsFutures: false },
    ],
    ['OKX', okx({ acctLv: '4' }), { marginMode: 'portfolio' }],
    [
      'BITGET',
      bitget(),
      {
        uid: '1234567890',
        permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: false },
        ipRestricted: true,
        positionMode: 'HEDGE',
        openPositions: 0,
        equity: '13178.86',
      },
    ],
    [
      'BITGET',
      bitget({ authorities: ['coor', 'wwow', 'wtow'], ips: '' }, 'one_way_mode'),
      { permissions: { trade: false, futures: false, withdraw: true, transfer: true }, ipRestricted: false, positionMode: 'ONE_WAY' },
    ],
    [
      'BYBIT',
      bybit(),
      {
        uid: '24617703',
        permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: false },
        ipRestricted: false,
        ipAddresses: [],
        expiresAtMs: Date.UTC(2026, 11, 1, 3, 21, 5),
        positionMode: 'ONE_WAY',
        marginMode: 'cross',
        equity: '3.31216591',
      },
    ],
    [
      'BYBIT',
      bybit({ readOnly: 1, ips: ['203.0.113.7'], expiredAt: '1970-01-01T00:00:00Z' }, 'ISOLATED_MARGIN', 1),
      {
        permissions: { trade: false, futures: false },
        ipRestricted: true,
        expiresAtMs: null,
        marginMode: 'isolated',
        positionMode: 'HEDGE',
      },
    ],
    [
      'BYBIT',
      bybit({ permissions: { ...BYBIT_KEY.permissions, Wallet: ['AccountTransfer', 'Withdraw'] } }),
      { permissions: { withdraw: true, transfer: true } },
    ],
  ] as const)('%s', async (exchange, given, expected) => {
    answers = given
    const probed = await open(exchange).probeAccount(account)
    expect(probed).toMatchObject({ ok: true, value: expected })
    if (probed.ok) expect(Math.abs(probed.value.clockOffsetMs ?? Infinity)).toBeLessThan(2_000)
  })

  test('the demo side of Binance, which tells nothing of the key’s rights', async () => {
    answers = binance()
    const probed = await open('BINANCE', true).probeAccount(account)
    expect(probed).toMatchObject({
      ok: true,
      value: { uid: 'FzFzXquXXqoC', permissions: { withdraw: null, futures: null }, ipRestricted: null, positionMode: 'HEDGE' },
    })
    expect(seen.some(({ path }) => path.includes('sapi'))).toBe(false)
  })

  test.each([
    ['OKX', okx(), 'x-simulated-trading'],
    ['BITGET', bitget(), 'paptrading'],
  ] as const)('the demo side of %s, by its header', async (exchange, given, header) => {
    answers = given
    await open(exchange, true).probeAccount(account)
    const signed = seen.filter(({ path }) => !/time/.test(path))
    expect(signed.length).toBeGreaterThan(2)
    expect(signed.every(({ headers }) => headers[header] === '1')).toBe(true)
    seen = []
    await open(exchange).probeAccount(account)
    expect(seen.some(({ headers }) => header in headers)).toBe(false)
  })
})

test.each([
  ['BINANCE', { code: -2015, msg: 'the-key is unknown' }],
  ['OKX', { code: '50111', msg: 'API key the-key with the-passphrase does not exist' }],
  ['BITGET', { code: '40006', msg: 'Invalid ACCESS_KEY the-key the-passphrase', requestTime: 1, data: null }],
  ['BYBIT', { retCode: 10003, retMsg: 'the-key is invalid', result: {}, retExtInfo: {}, time: 1 }],
] as const)('what %s says back of a key is hidden, however short it is', async (exchange, body) => {
  answers = new Proxy<Answers>(
    {},
    { getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: body }), get: () => body },
  )
  status = exchange === 'BYBIT' ? 200 : 401
  const probed = await open(exchange).probeAccount(account)
  expect(probed).toMatchObject({ ok: false, failure: { verdict: 'AUTH', text: expect.stringContaining('[hidden]') } })
  expect(JSON.stringify(probed)).not.toMatch(/the-key|the-passphrase/)
})

describe('a key that is not taken is told from an exchange that is down:', () => {
  const everywhere = (body: unknown): Answers =>
    new Proxy<Answers>({}, { getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: body }), get: () => body })

  test.each([
    ['BINANCE', 401, { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }, '-2015'],
    ['BINANCE', 400, { code: -1022, msg: 'Signature for this request is not valid.' }, '-1022'],
    ['OKX', 401, { msg: 'Invalid OK-ACCESS-KEY', code: '50111' }, '50111'],
    ['OKX', 401, { msg: 'Request header OK-ACCESS-PASSPHRASE incorrect.', code: '50105' }, '50105'],
    ['OKX', 401, { msg: 'Your IP 203.0.113.9 is not included in your API key’s IP whitelist.', code: '50110' }, '50110'],
    ['OKX', 401, { msg: 'APIKey does not match current environment.', code: '50101' }, '50101'],
    ['BITGET', 400, { code: '40006', msg: 'Invalid ACCESS_KEY', requestTime: 1, data: null }, '40006'],
    ['BITGET', 400, { code: '40012', msg: 'apikey/password is incorrect', requestTime: 1, data: null }, '40012'],
    ['BITGET', 403, { code: '40018', msg: 'Invalid IP', requestTime: 1, data: null }, '40018'],
    ['BYBIT', 200, { retCode: 10003, retMsg: 'API key is invalid.', result: {}, retExtInfo: {}, time: 1 }, '10003'],
    [
      'BYBIT',
      200,
      { retCode: 10010, retMsg: 'Unmatched IP, please check your API key’s bound IP addresses.', result: {}, time: 1 },
      '10010',
    ],
    ['BYBIT', 200, { retCode: 33004, retMsg: 'Your api key has expired.', result: {}, time: 1 }, '33004'],
  ] as const)('%s %d %j', async (exchange, answered, body, code) => {
    answers = everywhere(body)
    status = answered
    expect(await open(exchange).probeAccount(account)).toMatchObject({ ok: false, failure: { verdict: 'AUTH', code } })
  })

  test.each(['BINANCE', 'OKX', 'BITGET', 'BYBIT'] as const)('%s down', async (exchange) => {
    answers = everywhere('<html>Bad Gateway</html>')
    status = 502
    const probed = await open(exchange).probeAccount(account)
    expect(probed).toMatchObject({ ok: false })
    expect(probed.ok || probed.failure.verdict).not.toBe('AUTH')
    expect(JSON.stringify(probed)).not.toMatch(/the-key|the-secret|the-passphrase/)
  })
})

test('positions come in base quantity with their side', async () => {
  answers = {
    ...okx(),
    '/api/v5/public/instruments': {
      code: '0',
      msg: '',
      data: [
        {
          instType: 'SWAP',
          instId: 'BTC-USDT-SWAP',
          instFamily: 'BTC-USDT',
          uly: 'BTC-USDT',
          settleCcy: 'USDT',
          ctVal: '0.01',
          ctMult: '1',
          ctValCcy: 'BTC',
          ctType: 'linear',
          tickSz: '0.1',
          lotSz: '0.01',
          minSz: '0.01',
          lever: '100',
          state: 'live',
          listTime: '1606468572000',
          expTime: '',
          baseCcy: '',
          quoteCcy: '',
          alias: '',
          optType: '',
          stk: '',
          maxLmtSz: '1000',
          maxMktSz: '1000',
        },
      ],
    },
  }
  expect(await open('OKX').fetchPositions(account)).toMatchObject({
    ok: true,
    value: [
      {
        symbol: 'BTC/USDT:USDT',
        positionSide: 'LONG',
        side: 'LONG',
        quantityBase: '0.12',
        entryPrice: '61234.5',
        leverage: 10,
        marginMode: 'cross',
        liquidationPrice: null,
      },
    ],
  })
})

test.each(['OKX', 'BITGET', 'BYBIT'] as const)('nothing is traded at %s: an order never leaves', async (exchange) => {
  answers = {}
  const order = {
    clientOrderId: 'm1',
    symbol: 'BTC/USDT:USDT',
    side: 'buy',
    positionSide: 'BOTH',
    type: 'market',
    quantityBase: '0.01',
    price: null,
    triggerPrice: null,
    reduceOnly: true,
    closePosition: false,
  } as const
  const port = open(exchange)
  const refused = { ok: false, failure: { verdict: 'REJECTED', execution: 'not-sent', reason: 'VENUE_NOT_CERTIFIED' } }
  expect(await port.createOrder(account, order, { timestampMs: Date.now(), recvWindowMs: 3_000 })).toMatchObject(refused)
  expect(await port.setLeverage(account, { symbol: order.symbol, leverage: 10 })).toMatchObject(refused)
  expect(port.capabilities.certified).toBe(false)
  expect(seen).toEqual([])
})

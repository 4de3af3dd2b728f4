import { okx } from '../ccxt.ts'
import { Decimal } from 'decimal.js'
import { decimal, listOf, positive, rowOf, rowsOf, text, Unreadable, count, type Row } from '../binance/fields.ts'
import type { ExchangeBalance } from '../port.ts'
import { OKX_VERDICTS } from '../verdicts/key-checks.ts'
import { listInText, uidOf, type ReadOnlyVenue } from './venue.ts'

type Client = okx

/** account/config tells rights, addresses, account level and position mode at once. Sizes come in contracts. */
export const OKX: ReadOnlyVenue<Client> = {
  verdicts: OKX_VERDICTS,

  build(settings, demo) {
    const client = new okx({ ...settings, options: { ...settings.options, fetchMarkets: { types: ['swap'] } } })
    if (demo) client.setSandboxMode(true)
    return client
  },

  serverTime: async (client) => count(first(await client.publicGetPublicTime()), 'ts'),

  async key(client) {
    const row = first(await client.privateGetAccountConfig())
    const rights = listInText(text(row, 'perm'))
    const ipAddresses = listInText(row['ip'])
    const level = text(row, 'acctLv')
    return {
      permissions: {
        read: rights.includes('read_only') || rights.includes('trade'),
        trade: rights.includes('trade'),
        futures: rights.includes('trade'),
        withdraw: rights.includes('withdraw'),
        // Moving money inside the account goes with the right to withdraw.
        transfer: null,
      },
      ipRestricted: ipAddresses.length > 0,
      ipAddresses,
      uid: uidOf(row['uid']),
      expiresAtMs: null,
      positionMode: text(row, 'posMode') === 'long_short_mode' ? 'HEDGE' : 'ONE_WAY',
      marginMode: level === '4' ? 'portfolio' : 'per-symbol',
      holdsFutures: level !== '1',
    }
  },

  async balance(client) {
    const account = first(await client.privateGetAccountBalance({ ccy: 'USDT' }))
    const usdt = rowsOf(account['details']).find((detail) => detail['ccy'] === 'USDT')
    return usdt === undefined ? EMPTY : presentBalance(usdt)
  },

  positionRows: async (client) =>
    rowsOf(rowOf(await client.privateGetAccountPositions({ instType: 'SWAP' }))['data']).filter(
      (row) => positive(row, 'pos') !== null || Number(row['pos']) < 0,
    ),

  marketIdOf: (row) => text(row, 'instId'),

  position(row, market) {
    const contracts = new Decimal(decimal(row, 'pos'))
    const sided = row['posSide'] === 'long' || row['posSide'] === 'short'
    const isLong = sided ? row['posSide'] === 'long' : contracts.gt(0)
    const contractSize = market?.info === undefined ? undefined : rowOf(market.info)['ctVal']
    if (typeof contractSize !== 'string') throw new Unreadable('no contract size')
    return {
      symbol: market?.symbol ?? text(row, 'instId'),
      positionSide: sided ? (isLong ? 'LONG' : 'SHORT') : 'BOTH',
      side: isLong ? 'LONG' : 'SHORT',
      quantityBase: contracts.abs().mul(contractSize).toFixed(),
      entryPrice: decimal(row, 'avgPx'),
      markPrice: decimal(row, 'markPx'),
      liquidationPrice: positive(row, 'liqPx'),
      leverage: positive(row, 'lever') === null ? null : Math.round(count(row, 'lever')),
      marginMode: row['mgnMode'] === 'isolated' ? 'isolated' : 'cross',
      margin: positive(row, 'margin') ?? positive(row, 'imr'),
      unrealizedPnl: decimal(row, 'upl'),
    }
  },
}

const EMPTY: ExchangeBalance = { walletBalance: '0', available: '0', unrealizedPnl: '0', equity: '0', marginUsed: '0' }

function presentBalance(row: Row): ExchangeBalance {
  return {
    walletBalance: decimal(row, 'cashBal'),
    available: positive(row, 'availEq') ?? positive(row, 'availBal') ?? '0',
    unrealizedPnl: row['upl'] === '' || row['upl'] === undefined ? '0' : decimal(row, 'upl'),
    equity: decimal(row, 'eq'),
    marginUsed: positive(row, 'frozenBal') ?? '0',
  }
}

function first(answer: unknown): Row {
  const [row] = listOf(rowOf(answer)['data'])
  return rowOf(row)
}

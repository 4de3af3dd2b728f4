import { bitget } from '../ccxt.ts'
import { Decimal } from 'decimal.js'
import { count, decimal, positive, rowOf, rowsOf, text, type Row } from '../binance/fields.ts'
import { BITGET_VERDICTS } from '../verdicts/key-checks.ts'
import { listInText, uidOf, type ReadOnlyVenue } from './venue.ts'

type Client = bitget

const FUTURES = { productType: 'USDT-FUTURES', marginCoin: 'USDT' }

/** Rights are told as short names: coo* orders of contracts, wto* transfers, wwo* withdrawals, …r to read and …w to write. */
export const BITGET: ReadOnlyVenue<Client> = {
  verdicts: BITGET_VERDICTS,

  build(settings, demo) {
    const client = new bitget({ ...settings, options: { ...settings.options, fetchMarkets: { types: ['swap'] }, uta: false } })
    if (demo) client.setSandboxMode(true)
    return client
  },

  serverTime: async (client) => count(dataOf(await client.publicCommonGetV2PublicTime()), 'serverTime'),

  async key(client) {
    const info = dataOf(await client.privateSpotGetV2SpotAccountInfo())
    const rights = namesIn(info['authorities'])
    const ipAddresses = listInText(info['ips'])
    // Mode of the one market that everybody has.
    const settings = dataOf(await client.privateMixGetV2MixAccountAccount({ symbol: 'BTCUSDT', ...FUTURES }))
    return {
      permissions: {
        read: rights.some((right) => right.endsWith('r') || right.endsWith('w') || right === 'readonly'),
        trade: rights.some((right) => /^(coo|sto|smo)w$/.test(right)),
        futures: rights.includes('coow'),
        withdraw: rights.some((right) => /^(wwo|withdraw)w?$/.test(right)),
        transfer: rights.some((right) => /^(wto|transfer)w?$/.test(right)),
      },
      ipRestricted: ipAddresses.length > 0,
      ipAddresses,
      uid: uidOf(info['userId']),
      expiresAtMs: null,
      positionMode: settings['posMode'] === 'hedge_mode' ? 'HEDGE' : 'ONE_WAY',
      marginMode: 'per-symbol',
      holdsFutures: true,
    }
  },

  async balance(client) {
    const rows = rowsOf(rowOf(await client.privateMixGetV2MixAccountAccounts(FUTURES))['data'])
    const row = rows.find((one) => one['marginCoin'] === 'USDT')
    if (row === undefined) return { walletBalance: '0', available: '0', unrealizedPnl: '0', equity: '0', marginUsed: '0' }
    const equity = new Decimal(decimal(row, 'accountEquity'))
    const unrealizedPnl = new Decimal(row['unrealizedPL'] === '' || row['unrealizedPL'] === undefined ? 0 : decimal(row, 'unrealizedPL'))
    const available = new Decimal(decimal(row, 'available'))
    return {
      walletBalance: equity.sub(unrealizedPnl).toFixed(),
      available: available.toFixed(),
      unrealizedPnl: unrealizedPnl.toFixed(),
      equity: equity.toFixed(),
      marginUsed: Decimal.max(0, equity.sub(available)).toFixed(),
    }
  },

  positionRows: async (client) =>
    rowsOf(rowOf(await client.privateMixGetV2MixPositionAllPosition(FUTURES))['data']).filter((row) => positive(row, 'total') !== null),

  marketIdOf: (row) => text(row, 'symbol'),

  position(row, market) {
    const isLong = text(row, 'holdSide') === 'long'
    return {
      symbol: market?.symbol ?? text(row, 'symbol'),
      positionSide: row['posMode'] === 'hedge_mode' ? (isLong ? 'LONG' : 'SHORT') : 'BOTH',
      side: isLong ? 'LONG' : 'SHORT',
      quantityBase: decimal(row, 'total'),
      entryPrice: decimal(row, 'openPriceAvg'),
      markPrice: decimal(row, 'markPrice'),
      liquidationPrice: positive(row, 'liquidationPrice'),
      leverage: count(row, 'leverage'),
      marginMode: row['marginMode'] === 'isolated' ? 'isolated' : 'cross',
      margin: positive(row, 'marginSize'),
      unrealizedPnl: decimal(row, 'unrealizedPL'),
    }
  },
}

function dataOf(answer: unknown): Row {
  return rowOf(rowOf(answer)['data'])
}

function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return listInText(value)
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
}

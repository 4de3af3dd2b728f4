import { bybit } from '../ccxt.ts'
import { count, decimal, positive, rowOf, rowsOf, text, type Row } from '../binance/fields.ts'
import { BYBIT_VERDICTS } from '../verdicts/key-checks.ts'
import { uidOf, type ProbeOfVenue, type ReadOnlyVenue } from './venue.ts'

type Client = bybit

const FUTURES = { category: 'linear', settleCoin: 'USDT' }

/** user/query-api tells rights, addresses and expiry; the margin mode is the whole account's. */
export const BYBIT: ReadOnlyVenue<Client> = {
  verdicts: BYBIT_VERDICTS,

  build(settings, demo) {
    const client = new bybit({ ...settings, options: { ...settings.options, fetchMarkets: { types: ['linear'] } } })
    if (demo) client.enableDemoTrading(true)
    return client
  },

  serverTime: async (client) => Math.floor(count(resultOf(await client.publicGetV5MarketTime()), 'timeNano') / 1e6),

  async key(client) {
    const info = resultOf(await client.privateGetV5UserQueryApi())
    const account = resultOf(await client.privateGetV5AccountInfo())
    const positions = rowsOf(resultOf(await client.privateGetV5PositionList(FUTURES))['list'])
    const rights = rowOf(info['permissions'])
    const has = (group: string, ...names: string[]) => names.some((name) => namesIn(rights[group]).includes(name))
    const mayWrite = String(info['readOnly']) === '0'
    const ipAddresses = namesIn(info['ips']).filter((address) => address !== '*')
    return {
      permissions: {
        read: true,
        trade: mayWrite,
        futures: mayWrite && (has('ContractTrade', 'Order') || has('Derivatives', 'DerivativesTrade')),
        withdraw: has('Wallet', 'Withdraw'),
        transfer: has('Wallet', 'AccountTransfer', 'SubMemberTransfer', 'SubMemberTransferList'),
      },
      ipRestricted: ipAddresses.length > 0,
      ipAddresses,
      uid: uidOf(info['userID']),
      expiresAtMs: momentOf(info['expiredAt']),
      // Told of positions alone; an account without any is as Bybit makes it.
      positionMode: positions.some((row) => Number(row['positionIdx']) !== 0) ? 'HEDGE' : 'ONE_WAY',
      marginMode: marginModeOf(text(account, 'marginMode')),
      holdsFutures: true,
    }
  },

  async balance(client) {
    const [account] = rowsOf(resultOf(await client.privateGetV5AccountWalletBalance({ accountType: 'UNIFIED' }))['list'])
    if (account === undefined) return { walletBalance: '0', available: '0', unrealizedPnl: '0', equity: '0', marginUsed: '0' }
    return {
      walletBalance: decimal(account, 'totalWalletBalance'),
      available: positive(account, 'totalAvailableBalance') ?? '0',
      unrealizedPnl: account['totalPerpUPL'] === '' || account['totalPerpUPL'] === undefined ? '0' : decimal(account, 'totalPerpUPL'),
      equity: decimal(account, 'totalEquity'),
      marginUsed: positive(account, 'totalInitialMargin') ?? '0',
    }
  },

  positionRows: async (client) =>
    rowsOf(resultOf(await client.privateGetV5PositionList(FUTURES))['list']).filter((row) => positive(row, 'size') !== null),

  marketIdOf: (row) => text(row, 'symbol'),

  position(row, market) {
    const isLong = text(row, 'side') === 'Buy'
    return {
      symbol: market?.symbol ?? text(row, 'symbol'),
      positionSide: Number(row['positionIdx']) === 0 ? 'BOTH' : isLong ? 'LONG' : 'SHORT',
      side: isLong ? 'LONG' : 'SHORT',
      quantityBase: decimal(row, 'size'),
      entryPrice: decimal(row, 'avgPrice'),
      markPrice: decimal(row, 'markPrice'),
      liquidationPrice: positive(row, 'liqPrice'),
      leverage: positive(row, 'leverage') === null ? null : Math.round(count(row, 'leverage')),
      marginMode: null,
      margin: positive(row, 'positionIM'),
      unrealizedPnl: decimal(row, 'unrealisedPnl'),
    }
  },
}

function marginModeOf(name: string): ProbeOfVenue['marginMode'] {
  if (name === 'ISOLATED_MARGIN') return 'isolated'
  return name === 'PORTFOLIO_MARGIN' ? 'portfolio' : 'cross'
}

function momentOf(value: unknown): number | null {
  const atMs = typeof value === 'string' ? Date.parse(value) : Number.NaN
  // Bybit writes the beginning of time where a key does not expire.
  return Number.isNaN(atMs) || atMs <= 0 ? null : atMs
}

function resultOf(answer: unknown): Row {
  return rowOf(rowOf(answer)['result'])
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []
}

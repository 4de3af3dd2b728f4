import type { Db } from '@matic/db'
import type { MarketInfo } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import type { MarketBook } from '../execution/context.ts'

const FRESH_MS = 60_000

/** Markets as workers last stored them, kept in memory. `refresh` when they were stored anew. */
export function createMarketBook({ db, clock }: { db: Db; clock: { monotonic(): number } }): MarketBook & { refresh(): void } {
  let books: Promise<ReadonlyMap<string, MarketInfo>> | undefined
  let loadedAtMs = 0

  function load(): Promise<ReadonlyMap<string, MarketInfo>> {
    loadedAtMs = clock.monotonic()
    const loading = readMarkets(db)
    loading.catch(() => {
      if (books === loading) books = undefined
    })
    return loading
  }

  return {
    async find(exchange, symbol) {
      if (!books || clock.monotonic() - loadedAtMs > FRESH_MS) books = load()
      const known = (await books).get(`${exchange} ${symbol}`)
      if (known || clock.monotonic() - loadedAtMs < 1_000) return known
      books = load()
      return (await books).get(`${exchange} ${symbol}`)
    },
    refresh() {
      books = undefined
    },
  }
}

async function readMarkets(db: Db): Promise<ReadonlyMap<string, MarketInfo>> {
  const rows = await db.query<Omit<MarketInfo, 'active'> & { exchange: string; status: string }>(
    `SELECT exchange, symbol, market_id AS "marketId", base, quote, tick_size AS "tickSize", step_size AS "stepSize", min_quantity AS "minQuantity",
            max_quantity AS "maxQuantity", min_notional AS "minNotional", max_leverage AS "maxLeverage", contract_size AS "contractSize", status
       FROM market`,
  )
  const plain = (text: string) => new Decimal(text).toFixed()
  return new Map(
    rows.map(({ exchange, status, ...row }) => [
      `${exchange} ${row.symbol}`,
      {
        ...row,
        tickSize: plain(row.tickSize),
        stepSize: plain(row.stepSize),
        minQuantity: plain(row.minQuantity),
        maxQuantity: row.maxQuantity === null ? null : plain(row.maxQuantity),
        minNotional: plain(row.minNotional),
        contractSize: plain(row.contractSize),
        active: status === 'TRADING',
      },
    ]),
  )
}

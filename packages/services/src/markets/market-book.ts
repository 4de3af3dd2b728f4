import type { Db } from '@matic/db'
import type { MarketInfo } from '@matic/exchange/port'
import type { MarketBook } from '../execution/context.ts'
import { plain, plainOrNull } from '../plain.ts'

const FRESH_MS = 60_000
/** A market nobody knows may have been stored a moment ago. */
const MISSING_FRESH_MS = 1_000

/**
 * Markets as workers last stored them, kept in memory. Only the very first question waits for the database: later ones are answered from
 * what is known while it is read anew, since they come from inside transactions, which must not wait for another connection.
 */
export function createMarketBook({ db, clock }: { db: Db; clock: { monotonic(): number } }): MarketBook & { refresh(): void } {
  let book: ReadonlyMap<string, MarketInfo> | undefined
  let loading: Promise<ReadonlyMap<string, MarketInfo>> | undefined
  let loadedAtMs = -Infinity

  function load(): Promise<ReadonlyMap<string, MarketInfo>> {
    loading ??= readMarkets(db)
      .then((read) => {
        loadedAtMs = clock.monotonic()
        return (book = read)
      })
      .finally(() => (loading = undefined))
    return loading
  }

  /** What is known stays in use when it cannot be read. */
  function loadAside(): void {
    load().catch(() => undefined)
  }

  return {
    async find(exchange, symbol) {
      const known = (book ?? (await load())).get(`${exchange} ${symbol}`)
      const staleAfterMs = known ? FRESH_MS : MISSING_FRESH_MS
      if (clock.monotonic() - loadedAtMs > staleAfterMs) loadAside()
      return known
    },
    refresh: loadAside,
  }
}

async function readMarkets(db: Db): Promise<ReadonlyMap<string, MarketInfo>> {
  const rows = await db.query<Omit<MarketInfo, 'active'> & { exchange: string; status: string }>(
    `SELECT exchange, symbol, market_id AS "marketId", base, quote, tick_size AS "tickSize", step_size AS "stepSize", min_quantity AS "minQuantity",
            max_quantity AS "maxQuantity", min_notional AS "minNotional", max_leverage AS "maxLeverage", contract_size AS "contractSize", status
       FROM market`,
  )
  return new Map(
    rows.map(({ exchange, status, ...row }) => [
      `${exchange} ${row.symbol}`,
      {
        ...row,
        tickSize: plain(row.tickSize),
        stepSize: plain(row.stepSize),
        minQuantity: plain(row.minQuantity),
        maxQuantity: plainOrNull(row.maxQuantity),
        minNotional: plain(row.minNotional),
        contractSize: plain(row.contractSize),
        active: status === 'TRADING',
      },
    ]),
  )
}

import { InvariantError } from '@matic/contracts'
import { classify } from '../classify.ts'
import { createClientPool } from '../client-pool.ts'
import { binanceCapabilities } from '../binance/capabilities.ts'
import type { AccountHandle, ExchangeFailure, ExchangePort, ExchangeResult } from '../port.ts'
import { createTransport, newNote } from '../transport.ts'
import type { BaseClient, ClientSettings, ReadOnlyVenue } from './venue.ts'

export interface ReadOnlyOptions {
  readonly exchange: string
  readonly demo: boolean
  /** Where requests really go; the real hosts when left out. */
  readonly baseUrl?: string
  readonly clock: { now(): number }
  readonly requestTimeoutMs: number
}

const CLIENTS_MAX = 200

/** An exchange that is asked about keys, balances and positions, and on which nothing is traded yet: every order is refused VENUE_NOT_CERTIFIED. */
export function createReadOnlyExchange<Client extends BaseClient>(venue: ReadOnlyVenue<Client>, options: ReadOnlyOptions): ExchangePort {
  const { clock, requestTimeoutMs, demo } = options
  const transport = createTransport(options)
  const settings: ClientSettings = {
    enableRateLimit: false,
    timeout: requestTimeoutMs,
    fetchImplementation: transport.fetchImplementation,
    enableLastHttpResponse: false,
    enableLastJsonResponse: false,
    enableLastResponseHeaders: false,
    options: { adjustForTimeDifference: false, fetchCurrencies: false, maxRetriesOnFailure: 0 },
  }
  const keyless = venue.build(settings, demo)
  const clients = createClientPool(CLIENTS_MAX, ({ apiKey, secret, passphrase }) =>
    venue.build({ ...settings, apiKey, secret, ...(passphrase === undefined ? {} : { password: passphrase }) }, demo),
  )
  let offsetMs = 0
  let marketsLoaded: Promise<unknown> | undefined

  const call = async <T>(work: () => Promise<T>): Promise<ExchangeResult<T>> => {
    const note = newNote()
    try {
      return { ok: true, value: await transport.observe(note, work) }
    } catch (error) {
      if (error instanceof InvariantError) throw error
      return { ok: false, failure: classify({ table: venue.verdicts, context: 'read', note, error }) }
    }
  }

  /** Signs with the exchange's time, as far as it is known. */
  const clientOf = (account: AccountHandle): Client => {
    const client = clients.of(account)
    client.options['timeDifference'] = Math.round(-offsetMs)
    return client
  }

  const measureClock: ExchangePort['measureClock'] = () =>
    call(async () => {
      const beforeMs = clock.now()
      const serverMs = await venue.serverTime(keyless)
      const afterMs = clock.now()
      offsetMs = serverMs - (beforeMs + afterMs) / 2
      return { offsetMs, errorMs: (afterMs - beforeMs) / 2 }
    })

  const refuse = async (): Promise<{ ok: false; failure: ExchangeFailure }> => ({ ok: false, failure: NOT_CERTIFIED })
  const nothing = async (): Promise<{ ok: true; value: [] }> => ({ ok: true, value: [] })

  return {
    exchange: options.exchange,
    capabilities: { ...binanceCapabilities(false), closePositionTriggers: false, trailing: 'none' },
    measureClock,
    loadMarkets: nothing,
    fetchMarks: async () => ({ ok: true, value: { atMs: clock.now(), marks: {} } }),
    fetchCandles: nothing,
    createOrder: refuse,
    cancelOrder: refuse,
    findOrder: refuse,
    fetchOpenOrders: nothing,
    fetchFills: nothing,
    fetchForcedOrders: nothing,
    fetchIncome: nothing,
    setLeverage: refuse,
    setMarginMode: refuse,
    changeMargin: refuse,
    openUserStream: refuse,
    lookIn: refuse,

    fetchPositions: (account) =>
      call(async () => {
        const rows = await venue.positionRows(clientOf(account))
        if (rows.length === 0) return []
        marketsLoaded ??= keyless.loadMarkets()
        await marketsLoaded.catch((error: unknown) => {
          marketsLoaded = undefined
          throw error
        })
        return rows.map((row) => venue.position(row, keyless.markets_by_id?.[venue.marketIdOf(row)]?.[0]))
      }),

    fetchBalance: (account) => call(() => venue.balance(clientOf(account))),

    async fetchPositionMode(account) {
      const told = await call(() => venue.key(clientOf(account)))
      return told.ok ? { ok: true, value: told.value.positionMode ?? 'ONE_WAY' } : told
    },

    async probeAccount(account) {
      const measured = await measureClock()
      return call(async () => {
        const client = clientOf(account)
        const key = await venue.key(client)
        const [balance, positions] = [await venue.balance(client), await venue.positionRows(client)]
        return {
          ...key,
          clockOffsetMs: measured.ok ? measured.value.offsetMs : null,
          openPositions: positions.length,
          equity: balance.equity,
        }
      })
    },

    forget: (accountId) => clients.forget(accountId),
    close: () => transport.close(),
  }
}

const NOT_CERTIFIED: ExchangeFailure = {
  verdict: 'REJECTED',
  execution: 'not-sent',
  retryable: false,
  code: 'not-certified',
  text: 'Nothing is traded on this exchange yet',
  reason: 'VENUE_NOT_CERTIFIED',
  retryAfterMs: null,
}

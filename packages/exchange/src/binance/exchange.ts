import { InvariantError } from '@matic/contracts'
import { classify } from '../classify.ts'
import type { AccountHandle, ExchangeFailure, ExchangePort, ExchangeResult, OrderRequest, Signing } from '../port.ts'
import type { RequestBudget, Turns } from '../request-budget.ts'
import { createTransport, newNote, spend } from '../transport.ts'
import { BINANCE_VERDICTS } from '../verdicts/binance.ts'
import type { CallContext } from '../verdicts/row.ts'
import { binanceCapabilities } from './capabilities.ts'
import { SharedBinance } from './client.ts'
import { checkSigning, refusalOf } from './check-order.ts'
import { count, flag, listOf, type Row, rowOf, rowsOf, text, decimal, Unreadable } from './fields.ts'
import { orderParams } from './order-params.ts'
import { isOpen, presentBalance, presentIncome, presentPosition, presentSymbolConfigs } from './present-account.ts'
import { accountAliasOf, presentRestrictions, RESTRICTIONS_UNKNOWN } from './probe-account.ts'
import { isTraded, presentBrackets, presentCandle, presentMarket } from './present-markets.ts'
import { isForced, presentFill, presentOrder } from './present-orders.ts'
import { openUserStream } from './user-stream.ts'
import { windowsOf } from './windows.ts'

export interface BinanceOptions {
  exchange: string
  certified: boolean
  /** The demo hosts, which tell nothing about a key's rights. */
  demo?: boolean
  /** Where requests really go; the real hosts when left out. */
  baseUrl?: string
  /** Epoch ms, ours. */
  clock: { now(): number }
  requestTimeoutMs: number
  /** For calls that change something; orders bring their own. */
  recvWindowMs: number
  /** A private stream on which nothing answers for so long is dead. */
  streamSilenceMs: number
  /** What this address may ask of it; anything when left out. */
  budget?: RequestBudget | undefined
}

type Asking = Pick<AccountHandle, 'accountId' | 'credentials' | 'turns'>

/** Reading late does no harm. */
const READ_WINDOW_MS = 10_000
/** The exchange's own limits on one page. */
const PAGE_ROWS = 1_000

/**
 * Binance USDⓈ-M futures through stock CCXT: one client that every account signs with in its turn, one connection pool. With a
 * `baseUrl` the host is replaced on the way out, so that adapter and error mapping are the same for the venue as for the real exchange.
 */
export function createBinanceExchange(options: BinanceOptions): ExchangePort {
  const { clock, requestTimeoutMs, recvWindowMs, budget } = options
  const capabilities = binanceCapabilities(options.certified)
  const transport = createTransport(options)
  const demo = options.demo ?? false
  const client = new SharedBinance({ transport, requestTimeoutMs, demo })
  /** Some things are told to key holders only: whoever asked last will do. */
  let lastAsked: Asking | undefined
  let offsetMs = 0
  let loading: Promise<ExchangeResult<null>> | undefined
  let brackets: ReadonlyMap<string, number> = new Map()

  const nowMs = () => Math.round(clock.now() + offsetMs)
  const forReading = () => ({ timestamp: nowMs(), recvWindow: READ_WINDOW_MS })
  const forWriting = (signing?: Signing) => ({
    timestamp: signing?.timestampMs ?? nowMs(),
    recvWindow: signing?.recvWindowMs ?? recvWindowMs,
  })
  const symbolOf = (marketId: string): string => client.markets_by_id?.[marketId]?.[0]?.symbol ?? marketId

  /** @throws CCXT's BadSymbol */
  const marketIdOf = (symbol: string): string => client.market(symbol).id ?? symbol

  /** One request through CCXT, which waits for its turn before it is signed. @param turns `taken`: it had its turn already */
  const call = async <T>(context: CallContext, work: () => Promise<T>, turns?: Turns | 'taken'): Promise<ExchangeResult<T>> => {
    const note = newNote()
    const ask = () => transport.observe(note, work, { requests: 1, turns: turns === 'taken' ? undefined : turns })
    try {
      return { ok: true, value: await (budget === undefined || turns === 'taken' ? ask() : spend(budget, turns, ask)) }
    } catch (error) {
      if (error instanceof InvariantError) throw error
      return { ok: false, failure: classify({ table: BINANCE_VERDICTS, context, note, error }) }
    }
  }

  /** One request that an account signs. */
  const callAs = <T>(account: Asking, context: CallContext, work: () => Promise<T>): Promise<ExchangeResult<T>> => {
    lastAsked = { accountId: account.accountId, credentials: account.credentials }
    const turns = context === 'order' || context === 'close' ? 'taken' : account.turns
    return call(context, () => client.withKeys(account.credentials, work), turns)
  }

  const loadMarkets = (reload: boolean): Promise<ExchangeResult<null>> =>
    call('read', async () => {
      await client.loadMarkets(reload)
      return null
    })

  const marketsLoaded = async (): Promise<ExchangeResult<null>> => {
    loading ??= loadMarkets(false)
    const loaded = await loading
    if (!loaded.ok) loading = undefined
    return loaded
  }

  /** A request that needs the markets. Without them nothing is sent. */
  const ask = async <T>(context: CallContext, work: () => Promise<T>): Promise<ExchangeResult<T>> => {
    const loaded = await marketsLoaded()
    return loaded.ok ? call(context, work) : { ok: false, failure: { ...loaded.failure, execution: 'not-sent' } }
  }

  const askAs = async <T>(account: AccountHandle, context: CallContext, work: () => Promise<T>): Promise<ExchangeResult<T>> => {
    const loaded = await marketsLoaded()
    return loaded.ok ? callAs(account, context, work) : { ok: false, failure: { ...loaded.failure, execution: 'not-sent' } }
  }

  const precision = {
    amount: (symbol: string, value: number) => client.amountToPrecision(symbol, value),
    price: (symbol: string, value: number) => client.priceToPrecision(symbol, value),
  }

  const isMarket = (symbol: string): boolean => isTraded(client.markets?.[symbol])

  const readSymbolConfigs = (account: AccountHandle) =>
    askAs(account, 'read', async () => presentSymbolConfigs(rowsOf(await client.fapiPrivateGetSymbolConfig(forReading()))))

  /** Brackets are told to key holders only: any account at hand will do, and what was told once stays. */
  const readBrackets = async (): Promise<void> => {
    if (lastAsked === undefined) return
    const read = await callAs(lastAsked, 'read', async () =>
      presentBrackets(rowsOf(await client.fapiPrivateGetLeverageBracket(forReading()))),
    )
    if (read.ok) brackets = read.value
  }

  const orderOf = (info: unknown, clientOrderId: string) => {
    const order = presentOrder(rowOf(info), symbolOf)
    if (order.clientOrderId !== clientOrderId) throw new Unreadable('the answer is about another order')
    return order
  }

  const listOrders = (account: AccountHandle, symbol: string | undefined, params: Row) =>
    askAs(account, 'read', async () => {
      const orders = await client.fetchOpenOrders(symbol, undefined, undefined, { ...forReading(), ...params })
      return orders.map((order) => presentOrder(rowOf(order.info), symbolOf))
    })

  const sendOrder = (account: AccountHandle, order: OrderRequest, signing: Signing) => {
    const type = order.type === 'limit' ? 'limit' : 'market'
    const amount = Number(order.quantityBase ?? 0)
    const price = order.price === null ? undefined : Number(order.price)
    const params = { ...orderParams(account, order), ...forWriting(signing) }
    return client.createOrder(order.symbol, type, order.side, amount, price, params)
  }

  const measureClock = (turns?: Turns) =>
    call(
      'read',
      async () => {
        const beforeMs = clock.now()
        const serverMs = count(rowOf(await client.fapiPublicGetTime()), 'serverTime')
        const afterMs = clock.now()
        offsetMs = serverMs - (beforeMs + afterMs) / 2
        return { offsetMs, errorMs: (afterMs - beforeMs) / 2 }
      },
      turns,
    )

  const tellsRights = options.exchange !== 'PAPER' && !demo
  return {
    exchange: options.exchange,
    capabilities,
    budget,

    measureClock: () => measureClock(),

    async loadMarkets() {
      const reloaded = await loadMarkets(true)
      if (!reloaded.ok) return reloaded
      loading = Promise.resolve(reloaded)
      await readBrackets()
      const markets = Object.values(client.markets ?? {}).filter(isTraded)
      return { ok: true, value: markets.map((market) => presentMarket(market, brackets.get(market.id))) }
    },

    fetchMarks: () =>
      ask('read', async () => {
        const rows = rowsOf(await client.fapiPublicGetPremiumIndex())
        const traded = rows.flatMap((row): [string, string][] => {
          const symbol = symbolOf(text(row, 'symbol'))
          return isMarket(symbol) ? [[symbol, decimal(row, 'markPrice')]] : []
        })
        return { atMs: Math.max(0, ...rows.map((row) => count(row, 'time'))), marks: Object.fromEntries(traded) }
      }),

    fetchCandles: ({ symbol, interval, limit }) =>
      ask('read', async () => listOf(await client.fapiPublicGetKlines({ symbol: marketIdOf(symbol), interval, limit })).map(presentCandle)),

    async createOrder(account, order, signing) {
      checkSigning(signing, capabilities)
      const loaded = await marketsLoaded()
      if (!loaded.ok) return { ok: false, failure: { ...loaded.failure, execution: 'not-sent' } }
      const refusal = refusalOf({ account, order, capabilities, isMarket: isMarket(order.symbol), precision })
      if (refusal !== null) return { ok: false, failure: refusal }
      const context = order.reduceOnly || order.closePosition ? 'close' : 'order'
      return callAs(account, context, async () => orderOf((await sendOrder(account, order, signing)).info, order.clientOrderId))
    },

    cancelOrder: (account, { symbol, clientOrderId, isTrigger }, signing) =>
      askAs(account, 'cancel', async () => {
        await client.cancelOrder('', symbol, { clientOrderId, ...triggerFlag(isTrigger), ...forWriting(signing) })
        return null
      }),

    findOrder: (account, { symbol, clientOrderId, isTrigger }) =>
      askAs(account, 'lookup', async () => {
        const found = await client.fetchOrder('', symbol, { clientOrderId, ...triggerFlag(isTrigger), ...forReading() })
        return orderOf(found.info, clientOrderId)
      }),

    async fetchOpenOrders(account, symbol) {
      const [resting, triggers] = await Promise.all([listOrders(account, symbol, {}), listOrders(account, symbol, { trigger: true })])
      if (!resting.ok) return resting
      if (!triggers.ok) return triggers
      return { ok: true, value: [...resting.value, ...triggers.value] }
    },

    async fetchPositions(account) {
      const held = await askAs(account, 'read', async () => rowsOf(await client.fapiPrivateV3GetPositionRisk(forReading())).filter(isOpen))
      if (!held.ok || held.value.length === 0) return held.ok ? { ok: true, value: [] } : held
      const configs = await readSymbolConfigs(account)
      if (!configs.ok) return configs
      const present = (row: Row) => presentPosition(row, symbolOf(text(row, 'symbol')), configs.value.get(text(row, 'symbol')))
      return call('read', () => Promise.resolve(held.value.map(present)), 'taken')
    },

    fetchBalance: (account) =>
      askAs(account, 'read', async () => presentBalance(rowOf(await client.fapiPrivateV3GetAccount(forReading())))),

    lookIn: (account) =>
      askAs(account, 'read', async () => {
        const row = rowOf(await client.fapiPrivateV3GetAccount(forReading()))
        return { balance: presentBalance(row), isFlat: !rowsOf(row['positions']).some(isOpen) }
      }),

    fetchFills: (account, { symbol, sinceMs }) =>
      askAs(account, 'read', async () => {
        const fills = []
        for (const window of windowsOf(sinceMs, nowMs())) {
          const rows = rowsOf(
            await client.fapiPrivateGetUserTrades({ symbol: marketIdOf(symbol), ...window, limit: PAGE_ROWS, ...forReading() }),
          )
          fills.push(...rows.map((row) => presentFill(row, symbol)))
          if (rows.length >= PAGE_ROWS) break
        }
        return fills.toSorted((one, other) => one.atMs - other.atMs)
      }),

    fetchForcedOrders: (account, { symbol, sinceMs }) =>
      askAs(account, 'read', async () => {
        const forced = []
        for (const window of windowsOf(sinceMs, nowMs())) {
          const rows = rowsOf(
            await client.fapiPrivateGetAllOrders({ symbol: marketIdOf(symbol), ...window, limit: PAGE_ROWS, ...forReading() }),
          )
          forced.push(...rows.filter(isForced).map((row) => text(row, 'orderId')))
        }
        return forced
      }),

    fetchIncome: (account, { sinceMs }) =>
      askAs(account, 'read', async () => {
        const rows = rowsOf(await client.fapiPrivateGetIncome({ startTime: Math.floor(sinceMs), limit: PAGE_ROWS, ...forReading() }))
        return rows.map((row) => presentIncome(row, symbolOf)).toSorted((one, other) => one.atMs - other.atMs)
      }),

    setLeverage: (account, { symbol, leverage }) =>
      unlessAlreadySo(askAs(account, 'setup', () => client.setLeverage(leverage, symbol, forWriting()))),

    setMarginMode: (account, { symbol, marginMode }) =>
      unlessAlreadySo(askAs(account, 'setup', () => client.setMarginMode(marginMode, symbol, forWriting()))),

    changeMargin: (account, { symbol, positionSide, amount }) =>
      askAs(account, 'setup', async () => {
        await client.fapiPrivatePostPositionMargin({
          symbol: marketIdOf(symbol),
          amount: amount.replace('-', ''),
          type: amount.startsWith('-') ? 2 : 1,
          ...(account.positionMode === 'HEDGE' ? { positionSide } : {}),
          ...forWriting(),
        })
        return null
      }),

    fetchPositionMode: (account) =>
      askAs(account, 'read', async () => {
        const row = rowOf(await client.fapiPrivateGetPositionSideDual(forReading()))
        if (row['dualSidePosition'] === undefined) throw new Unreadable('no dualSidePosition')
        return flag(row, 'dualSidePosition') ? 'HEDGE' : 'ONE_WAY'
      }),

    async probeAccount(account) {
      const measured = await measureClock(account.turns)
      return callAs(account, 'read', async () => {
        const rights = tellsRights ? presentRestrictions(await client.sapiGetAccountApiRestrictions(forReading())) : RESTRICTIONS_UNKNOWN
        const [mode, multi, balance, positions, assets] = await Promise.all([
          client.fapiPrivateGetPositionSideDual(forReading()),
          client.fapiPrivateGetMultiAssetsMargin(forReading()),
          client.fapiPrivateV3GetAccount(forReading()),
          client.fapiPrivateV3GetPositionRisk(forReading()),
          client.fapiPrivateV3GetBalance(forReading()),
        ])
        return {
          ...rights,
          uid: accountAliasOf(assets),
          ipAddresses: [],
          positionMode: flag(rowOf(mode), 'dualSidePosition') ? 'HEDGE' : 'ONE_WAY',
          // With several assets as margin nothing can be isolated.
          marginMode: flag(rowOf(multi), 'multiAssetsMargin') ? 'cross' : 'per-symbol',
          holdsFutures: true,
          clockOffsetMs: measured.ok ? measured.value.offsetMs : null,
          openPositions: rowsOf(positions).filter(isOpen).length,
          equity: presentBalance(rowOf(balance)).equity,
        }
      })
    },

    openUserStream: (account, listener) =>
      openUserStream(
        {
          url: streamUrl(options),
          takeKey: () => callAs(account, 'read', async () => text(rowOf(await client.fapiPrivatePostListenKey()), 'listenKey')),
          renewKey: () => callAs(account, 'read', async () => text(rowOf(await client.fapiPrivatePutListenKey()), 'listenKey')),
          connectTimeoutMs: requestTimeoutMs,
          silenceMs: options.streamSilenceMs,
        },
        listener,
      ),

    forget(accountId) {
      if (lastAsked?.accountId === accountId) lastAsked = undefined
    },
    close: () => transport.close(),
  }
}

/** Where CCXT Pro connects, or our venue. */
function streamUrl({ baseUrl, demo }: Pick<BinanceOptions, 'baseUrl' | 'demo'>): string {
  const host = baseUrl?.replace(/^http/, 'ws') ?? (demo ? 'wss://fstream.binancefuture.com' : 'wss://fstream.binance.com')
  return `${host}/private/ws`
}

function triggerFlag(isTrigger: boolean): Row {
  return isTrigger ? { trigger: true } : {}
}

async function unlessAlreadySo(set: Promise<ExchangeResult<unknown>>): Promise<ExchangeResult<null>> {
  const result = await set
  if (result.ok || isNoOp(result.failure)) return { ok: true, value: null }
  return result
}

const isNoOp = ({ verdict }: ExchangeFailure): boolean => verdict === 'NO_OP'

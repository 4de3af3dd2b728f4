import { createHash } from 'node:crypto'
import { createAccount } from './accounts.ts'
import { watchHolder } from './fills.ts'
import { indexAlgo, indexOrder } from './lifecycle.ts'
import {
  type Account,
  type AlgoOrder,
  createState,
  type House,
  type Income,
  type Order,
  type Pin,
  type Position,
  type SymbolSettings,
  type Trade,
  type VenueState,
} from './state.ts'

interface AccountImage {
  readonly ref: string
  readonly apiKey: string
  readonly secret: string
  readonly createdAt: number
  readonly revoked: boolean
  readonly hedgeMode: boolean
  readonly wallet: bigint
  readonly updatedAt: number
  readonly transfers: string[]
  readonly settings: [string, SymbolSettings][]
  readonly positions: [string, Position][]
  readonly orders: Order[]
  readonly algos: AlgoOrder[]
  readonly trades: Trade[]
  readonly incomes: Income[]
}

interface Image {
  readonly seed: number
  readonly lastCommandAt: number
  readonly nextOrderId: number
  readonly nextAlgoId: number
  readonly nextTradeId: number
  readonly nextIncomeId: number
  readonly house: House
  readonly pins: [string, Pin[]][]
  readonly accounts: AccountImage[]
}

/** Everything that is not derived, as text; equal states give equal text. */
export function dumpState(state: VenueState): string {
  const image: Image = {
    seed: state.seed,
    lastCommandAt: state.lastCommandAt,
    nextOrderId: state.nextOrderId,
    nextAlgoId: state.nextAlgoId,
    nextTradeId: state.nextTradeId,
    nextIncomeId: state.nextIncomeId,
    house: state.house,
    pins: [...state.pins],
    accounts: [...state.accounts.values()].map(imageOf),
  }
  return JSON.stringify(image, (_key, value: unknown) => (typeof value === 'bigint' ? `#${value}` : value))
}

export function loadState(text: string): VenueState {
  const image = JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'string' && /^#-?\d+$/.test(value) ? BigInt(value.slice(1)) : value,
  ) as Image
  const state = createState(image.seed)
  state.lastCommandAt = image.lastCommandAt
  state.clock = image.lastCommandAt
  state.nextOrderId = image.nextOrderId
  state.nextAlgoId = image.nextAlgoId
  state.nextTradeId = image.nextTradeId
  state.nextIncomeId = image.nextIncomeId
  Object.assign(state.house, image.house)
  for (const [symbol, pins] of image.pins) state.pins.set(symbol, pins)
  const accounts = image.accounts.map((one, index) => revive(state, one, index))
  // The ticks visit orders by id, across accounts.
  const owned = accounts.flatMap((account) => [...account.orders.values()].map((order) => ({ account, order })))
  for (const { account, order } of owned.toSorted((a, b) => a.order.id - b.order.id)) indexOrder(state, account, order)
  const waiting = accounts.flatMap((account) => [...account.algos.values()].map((algo) => ({ account, algo })))
  for (const { account, algo } of waiting.toSorted((a, b) => a.algo.id - b.algo.id)) indexAlgo(state, account, algo)
  return state
}

export function hashState(state: VenueState): string {
  return createHash('sha256').update(dumpState(state)).digest('hex')
}

function imageOf(account: Account): AccountImage {
  return {
    ref: account.ref,
    apiKey: account.apiKey,
    secret: account.secret,
    createdAt: account.createdAt,
    revoked: account.revoked,
    hedgeMode: account.hedgeMode,
    wallet: account.wallet,
    updatedAt: account.updatedAt,
    transfers: [...account.transfers],
    settings: [...account.settings],
    positions: [...account.positions].map(([key, { safe: _safe, ...position }]) => [key, position]),
    orders: [...account.orders.values()],
    algos: [...account.algos.values()],
    trades: account.trades,
    incomes: account.incomes,
  }
}

function revive(state: VenueState, image: AccountImage, index: number): Account {
  const account = createAccount({ ...image, index })
  account.revoked = image.revoked
  account.hedgeMode = image.hedgeMode
  account.wallet = image.wallet
  account.updatedAt = image.updatedAt
  for (const id of image.transfers) account.transfers.add(id)
  for (const [symbol, settings] of image.settings) account.settings.set(symbol, settings)
  for (const [key, position] of image.positions) account.positions.set(key, position)
  for (const order of image.orders) account.orders.set(order.id, order)
  for (const algo of image.algos) account.algos.set(algo.id, algo)
  for (const trade of image.trades) account.trades.push(trade)
  for (const income of image.incomes) account.incomes.push(income)
  state.accounts.set(account.ref, account)
  state.byApiKey.set(account.apiKey, account)
  for (const { symbol } of account.positions.values()) watchHolder(state, account, symbol)
  return account
}

import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { formatFixed, over, parseFixed, plainFixed } from './engine/fixed.ts'
import { readBooks } from './engine/ledger.ts'
import { accountRisk, entryPrice, liquidationPrice, marksAt } from './engine/margin.ts'
import { Refusal } from './engine/refusal.ts'
import { hashState } from './engine/snapshot.ts'
import type { Account, AlgoOrder, Order, VenueState } from './engine/state.ts'
import type { Exchange } from './exchange.ts'
import { type FaultDesk, Faults } from './faults.ts'

export interface AdminRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly body: string
}

export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
}

/** USDT or a price: decimal text, at most eight decimals, zero or more. */
const amount = z.string().refine((text) => (parseFixed(text) ?? -1n) >= 0n, 'must be a decimal number of zero or more')
const name = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ : -')

const OpenAccount = z.object({ ref: name, depositUsdt: amount })
const Deposit = z.object({ id: name, amount })
const Pin = z.object({ symbol: z.string(), mark: amount.refine((text) => Number(text) > 0, 'must be above zero').nullable() })

/** Hands out paper accounts, moves prices, arms faults, and shows everything the exchange has accepted. */
export function createAdmin({
  exchange,
  faults,
  adminToken,
  random,
}: {
  exchange: Exchange
  faults: FaultDesk
  adminToken: string
  random: (bytes: number) => string
}): (request: AdminRequest) => AdminAnswer {
  const { state } = exchange

  const openAccount = (body: string): AdminAnswer => {
    const { ref, depositUsdt } = OpenAccount.parse(JSON.parse(body))
    exchange.execute({ type: 'open-account', ref, apiKey: random(32), secret: random(32), depositUsdt })
    const { apiKey, secret } = known(state, ref)
    return ok({ ref, apiKey, secret })
  }

  const forAccount = (request: AdminRequest, ref: string, verb: string | undefined): AdminAnswer | undefined => {
    const account = known(state, ref)
    switch (`${request.method} ${verb ?? ''}`.trim()) {
      case 'GET':
        return ok(presentAccount(exchange, account))
      case 'POST deposit': {
        const { id, amount: given } = Deposit.parse(JSON.parse(request.body))
        exchange.execute({ type: 'deposit', ref, id, amount: given })
        return ok({ ref, walletBalance: formatFixed(account.wallet) })
      }
      case 'POST revoke':
        exchange.execute({ type: 'revoke', ref })
        return ok({ ref, revoked: true })
      default:
        return undefined
    }
  }

  const answer = (request: AdminRequest): AdminAnswer | undefined => {
    const [, , noun, ref, verb] = request.path.split('/')
    if (noun === 'accounts' && ref !== undefined) return forAccount(request, decodeURIComponent(ref), verb)
    switch (`${request.method} ${request.path}`) {
      case 'POST /venue/accounts':
        return openAccount(request.body)
      case 'POST /venue/prices': {
        const { symbol, mark } = Pin.parse(JSON.parse(request.body))
        exchange.execute({ type: 'pin-price', symbol, mark })
        return ok({ symbol, mark })
      }
      case 'GET /venue/ledger':
        return ok({ orders: readLedger(state, Number(request.query.get('since') ?? 0)) })
      case 'GET /venue/positions':
        return ok({ positions: [...state.accounts.values()].flatMap((account) => presentPositions(exchange, account)) })
      case 'GET /venue/state-hash':
        return ok({ hash: hashState(state) })
      case 'GET /venue/books':
        return ok(presentBooks(state))
      case 'PUT /venue/faults': {
        const given = Faults.parse(JSON.parse(request.body))
        faults.set(given)
        return ok({ rules: faults.hits() })
      }
      case 'GET /venue/faults':
        return ok({ rules: faults.hits() })
      default:
        return undefined
    }
  }

  return (request) => {
    if (!isSame(request.token, adminToken)) return { status: 401, body: { error: 'x-venue-admin is missing or wrong' } }
    try {
      return answer(request) ?? { status: 404, body: { error: `${request.method} ${request.path} does not exist` } }
    } catch (error) {
      if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } }
      if (error instanceof SyntaxError) return { status: 400, body: { error: 'the body is no JSON' } }
      if (error instanceof Refusal) return { status: error.kind === 'ACCOUNT_UNKNOWN' ? 404 : 400, body: { error: error.message } }
      throw error
    }
  }
}

function ok(body: unknown): AdminAnswer {
  return { status: 200, body }
}

function known(state: VenueState, ref: string): Account {
  const account = state.accounts.get(ref)
  if (account === undefined) throw new Refusal('ACCOUNT_UNKNOWN')
  return account
}

function isSame(given: string | undefined, wanted: string): boolean {
  const a = Buffer.from(given ?? '')
  const b = Buffer.from(wanted)
  return a.length === b.length && timingSafeEqual(a, b)
}

function presentAccount(exchange: Exchange, account: Account): unknown {
  const risk = accountRisk(account, marksAt(exchange.state, exchange.now()))
  return {
    ref: account.ref,
    apiKey: account.apiKey,
    revoked: account.revoked,
    hedgeMode: account.hedgeMode,
    walletBalance: formatFixed(risk.wallet),
    equity: formatFixed(risk.wallet + risk.unrealized),
    available: formatFixed(risk.available),
    maintenanceMargin: formatFixed(risk.maintenance),
    positions: presentPositions(exchange, account),
    openOrders: account.openOrders.size,
    openAlgos: account.openAlgos.size,
  }
}

function presentPositions(exchange: Exchange, account: Account): unknown[] {
  const risk = accountRisk(account, marksAt(exchange.state, exchange.now()))
  return risk.positions.map((one) => ({
    ref: account.ref,
    symbol: one.position.symbol,
    positionSide: one.position.side,
    positionAmt: plainFixed(one.position.quantity),
    entryPrice: plainFixed(entryPrice(one.position)),
    markPrice: plainFixed(one.mark),
    liquidationPrice: plainFixed(liquidationPrice(risk, one)),
    unrealizedPnl: formatFixed(one.unrealized),
    leverage: one.leverage,
    marginType: one.isolated ? 'isolated' : 'cross',
  }))
}

function presentBooks(state: VenueState): unknown {
  const { wallets, house, sum, unbalanced } = readBooks(state)
  return {
    sum: formatFixed(sum),
    balanced: sum === 0n && unbalanced.length === 0,
    unbalanced,
    wallets: formatFixed(wallets),
    deposits: formatFixed(house.deposits),
    fees: formatFixed(house.fees),
    insurance: formatFixed(house.insurance),
    market: formatFixed(house.market),
  }
}

/** Everything ever accepted, oldest first: plain orders, conditional ones, and what the exchange did by itself. */
function readLedger(state: VenueState, since: number): unknown[] {
  const rows: (ReturnType<typeof presentOrder> | ReturnType<typeof presentAlgo>)[] = []
  for (const account of state.accounts.values()) {
    const trades = new Map(account.trades.map((trade) => [trade.id, trade]))
    for (const order of account.orders.values()) {
      if (order.createdAt < since) continue
      const fills = order.tradeIds.flatMap((id) => {
        const trade = trades.get(id)
        return trade === undefined
          ? []
          : [
              {
                tradeId: id,
                qty: plainFixed(trade.quantity),
                price: plainFixed(trade.price),
                fee: plainFixed(trade.fee),
                realizedPnl: plainFixed(trade.realizedPnl),
                maker: trade.maker,
                at: trade.at,
              },
            ]
      })
      rows.push(presentOrder(order, fills))
    }
    for (const algo of account.algos.values()) if (algo.createdAt >= since) rows.push(presentAlgo(algo))
  }
  return rows.toSorted((a, b) => a.acceptedAt - b.acceptedAt)
}

function presentOrder(order: Order, fills: readonly unknown[]) {
  return {
    ref: order.ref,
    kind: 'order',
    id: order.id,
    algoId: order.algoId === 0 ? null : order.algoId,
    symbol: order.symbol,
    side: order.side,
    positionSide: order.positionSide,
    type: order.type,
    origType: order.origType,
    qty: plainFixed(order.quantity),
    price: plainFixed(order.price),
    executedQty: plainFixed(order.executed),
    avgPrice: order.executed === 0n ? '0' : plainFixed(over(order.executedQuote, order.executed)),
    reduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    clientOrderId: order.clientOrderId,
    status: order.status,
    acceptedAt: order.createdAt,
    updatedAt: order.updatedAt,
    fills,
  }
}

/** A conditional order never fills itself: the order it makes does. */
function presentAlgo(algo: AlgoOrder) {
  return {
    ref: algo.ref,
    kind: 'algo',
    id: algo.id,
    algoId: algo.id,
    symbol: algo.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    type: algo.type,
    origType: algo.type,
    qty: plainFixed(algo.quantity),
    price: plainFixed(algo.price),
    triggerPrice: plainFixed(algo.triggerPrice),
    actualOrderId: algo.actualOrderId === 0 ? null : algo.actualOrderId,
    executedQty: '0',
    avgPrice: '0',
    reduceOnly: algo.reduceOnly,
    closePosition: algo.closePosition,
    clientOrderId: algo.clientAlgoId,
    status: algo.status,
    acceptedAt: algo.createdAt,
    updatedAt: algo.updatedAt,
    fills: [],
  }
}

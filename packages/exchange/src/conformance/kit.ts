import { fail } from 'node:assert/strict'
import { Decimal } from 'decimal.js'
import type {
  AccountHandle,
  ExchangeFailure,
  ExchangeOrder,
  ExchangePort,
  ExchangePosition,
  ExchangeResult,
  MarketInfo,
  OrderRequest,
} from '../port.ts'

export interface ConformanceRig {
  readonly port: ExchangePort
  readonly symbol: string
  /** A fresh account: flat, one-way, 10,000 in the quote currency. */
  openAccount(): Promise<AccountHandle>
  /** Mark price from now on. */
  setMark(price: string): Promise<void>
  /** Never given before. */
  newId(): string
  /** Exchange clock, epoch ms. */
  nowMs(): number
}

export interface ConformanceCase {
  readonly name: string
  run(rig: ConformanceRig): Promise<void>
}

/** The mark at the start of every case. */
export const MARK = '60000'

export async function value<T>(answer: Promise<ExchangeResult<T>>): Promise<T> {
  const result = await answer
  return result.ok ? result.value : fail(`refused: ${JSON.stringify(result.failure)}`)
}

export async function failure(answer: Promise<ExchangeResult<unknown>>): Promise<ExchangeFailure> {
  const result = await answer
  return result.ok ? fail(`expected a refusal, got ${JSON.stringify(result.value)}`) : result.failure
}

export async function marketOf({ port, symbol }: ConformanceRig): Promise<MarketInfo> {
  const markets = await value(port.loadMarkets())
  return markets.find((market) => market.symbol === symbol) ?? fail(`${symbol} is not listed`)
}

export function request(rig: ConformanceRig, change: Partial<OrderRequest>): OrderRequest {
  return {
    clientOrderId: rig.newId(),
    symbol: rig.symbol,
    side: 'buy',
    positionSide: 'BOTH',
    type: 'market',
    quantityBase: '0.01',
    price: null,
    triggerPrice: null,
    reduceOnly: false,
    closePosition: false,
    ...change,
  }
}

export const close = (change: Partial<OrderRequest> = {}): Partial<OrderRequest> => ({ side: 'sell', reduceOnly: true, ...change })

export function trigger(type: 'stop-market' | 'take-profit-market', triggerPrice: string): Partial<OrderRequest> {
  return { side: 'sell', type, triggerPrice, quantityBase: null, closePosition: true }
}

export function send(rig: ConformanceRig, account: AccountHandle, order: OrderRequest): Promise<ExchangeResult<ExchangeOrder>> {
  return rig.port.createOrder(account, order, { timestampMs: rig.nowMs(), recvWindowMs: 3_000 })
}

export async function place(rig: ConformanceRig, account: AccountHandle, change: Partial<OrderRequest>): Promise<ExchangeOrder> {
  return value(send(rig, account, request(rig, change)))
}

export function find({ port, symbol }: ConformanceRig, account: AccountHandle, order: Pick<ExchangeOrder, 'clientOrderId' | 'isTrigger'>) {
  return port.findOrder(account, { symbol, clientOrderId: order.clientOrderId, isTrigger: order.isTrigger })
}

/** Signed size: longs above zero. */
export async function positionOf({ port, symbol }: ConformanceRig, account: AccountHandle): Promise<Decimal> {
  const positions = await value(port.fetchPositions(account))
  return positions.filter((position) => position.symbol === symbol).reduce((sum, position) => sum.add(signed(position)), new Decimal(0))
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  fail(`never came true: ${what}`)
}

const signed = ({ side, quantityBase }: ExchangePosition): Decimal => new Decimal(quantityBase).mul(side === 'LONG' ? 1 : -1)

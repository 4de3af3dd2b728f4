import type { AccountHandle, ExchangeBalance, ExchangeFailure, ExchangeOrder, ExchangePort } from '@matic/exchange/port'
import type { PositionReading } from '../execution/apply-positions.ts'
import type { ExecutionContext } from '../execution/context.ts'
import { databaseNow } from '../execution/read-positions.ts'
import { isTrigger } from '../execution/rows.ts'
import type { OrderRow } from '../execution/rows.ts'

export interface AccountReading extends PositionReading {
  readonly balance: ExchangeBalance
  readonly openOrders: readonly ExchangeOrder[]
  /** Working orders of ours as the exchange has them now, by our id; left out where it did not say. */
  readonly ours: ReadonlyMap<string, ExchangeOrder>
}

export type ReadingResult =
  | { readonly ok: true; readonly value: AccountReading }
  | { readonly ok: false; readonly failure: ExchangeFailure }

const LOOKUPS_MAX = 20

/** Reads one account whole. An order of ours that is no longer listed is looked up: it filled, triggered or was cancelled. */
export async function readAccount(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  working: readonly OrderRow[],
): Promise<ReadingResult> {
  const askedAtMs = await databaseNow(ctx)
  const [positions, openOrders, balance] = await Promise.all([
    port.fetchPositions(handle),
    port.fetchOpenOrders(handle),
    port.fetchBalance(handle),
  ])
  if (!positions.ok) return positions
  if (!openOrders.ok) return openOrders
  if (!balance.ok) return balance

  const listed = new Map(openOrders.value.map((order) => [order.clientOrderId, order]))
  const missing = working.filter((order) => !listed.has(order.clientOrderId)).slice(0, LOOKUPS_MAX)
  const found = await Promise.all(
    missing.map((order) =>
      port.findOrder(handle, { symbol: order.symbol, clientOrderId: order.clientOrderId, isTrigger: isTrigger(order) }),
    ),
  )
  const ours = new Map<string, ExchangeOrder>()
  for (const order of working) {
    const seen = listed.get(order.clientOrderId)
    if (seen) ours.set(order.id, seen)
  }
  missing.forEach((order, index) => {
    const result = found[index]
    if (result?.ok) ours.set(order.id, result.value)
  })
  return { ok: true, value: { askedAtMs, positions: positions.value, balance: balance.value, openOrders: openOrders.value, ours } }
}

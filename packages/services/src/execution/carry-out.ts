import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangePort } from '@matic/exchange/port'
import { reconcileAccount } from '../reconcile/reconcile-account.ts'
import { applyPositions } from './apply-positions.ts'
import { cancelWorking } from './cancel-working.ts'
import type { CancelBooks } from './cancel-working.ts'
import type { ExecutionContext } from './context.ts'
import { holdLane } from './lane.ts'
import type { HeldLane } from './lane.ts'
import type { Plan } from './plan-lanes.ts'
import { prepareSymbol } from './prepare-symbol.ts'
import type { PrepareBooks } from './prepare-symbol.ts'
import { readPositions } from './read-positions.ts'
import { resolveUnknown } from './resolve-unknown.ts'
import { sendAll } from './send.ts'
import type { RecordAnswer } from './send.ts'

export type Doable = Exclude<Plan, { kind: 'lost' } | { kind: 'again' } | { kind: 'idle' }>

/** Write down what many lanes have come to, together. */
export interface Books extends CancelBooks {
  readonly answer: RecordAnswer
  readonly prepared: PrepareBooks
}

/** Does what a plan says with the exchange, and writes down what came of it. */
export async function carryOut(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  plan: Doable,
  books: Books,
): Promise<void> {
  switch (plan.kind) {
    case 'send':
      return sendAll(ctx, port, handle, plan.sends, books.answer)
    case 'prepare':
      return prepareSymbol(ctx, port, handle, lane, plan, books.prepared)
    case 'cancel':
      await Promise.all(plan.orders.map((order) => cancelWorking(ctx, port, handle, lane, order, books)))
      return
    case 'resolve':
      await Promise.all(plan.orders.map((order) => resolveUnknown(ctx, port, handle, lane, order)))
      return
    case 'refresh':
      return refreshPosition(ctx, port, handle, lane, plan)
    case 'reconcile':
      return reconcileAccount(ctx, port, handle, lane, { full: plan.full })
  }
}

/** @throws when the exchange does not answer: the lane rests and tries again */
async function refreshPosition(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  { symbol, positionSide }: { symbol: string; positionSide: 'BOTH' | 'LONG' | 'SHORT' },
): Promise<void> {
  const reading = await readPositions(ctx, port, handle)
  if (!reading.ok) throw new ExchangeSilent(reading.failure.code)
  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    const { facts, doubted } = await applyPositions(tx, ctx, lane, reading.value, { only: { symbol, positionSide } })
    // The list is late, so what we know from our own fills stands, and counts as read.
    if (doubted.length > 0) {
      await tx.query('UPDATE position SET synced_at = to_timestamp($3::float8 / 1000.0) WHERE account_id = $1 AND symbol = $2', [
        lane.accountId,
        symbol,
        reading.value.askedAtMs,
      ])
    }
    return recordFacts(tx, facts)
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
}

/** A reading that everything else depends on did not come. */
export class ExchangeSilent extends Error {
  readonly code: string
  constructor(code: string) {
    super(`The exchange did not answer (${code})`)
    this.name = 'ExchangeSilent'
    this.code = code
  }
}

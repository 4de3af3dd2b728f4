import type { Transaction } from '@matic/db'
import { breakEvenStop } from '@matic/domain'
import type { MarketInfo } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import { levelsTaken } from './missing-extras.ts'
import type { EpochOrder } from './missing-protection.ts'
import { wishProtection } from './position-rows.ts'
import type { PositionRow } from './rows.ts'

/** Wants the stop at the entry once that is due; once only, so that a stop its owner moves afterwards stays where it is. */
export async function moveToBreakEven(
  tx: Transaction,
  position: PositionRow,
  orders: readonly EpochOrder[],
  market: Pick<MarketInfo, 'tickSize'> | undefined,
): Promise<PositionRow> {
  const { plan, entryPrice, side, stopPrice, markPrice, targetPrice } = position
  if (!plan?.breakEven || entryPrice === null || market === undefined || position.protection === 'EMERGENCY') return position
  const stop = breakEvenStop({
    side,
    entryPrice: new Decimal(entryPrice),
    tickSize: new Decimal(market.tickSize),
    stopPrice: stopPrice === null ? null : new Decimal(stopPrice),
    markPrice: markPrice === null ? null : new Decimal(markPrice),
    targetsFilled: levelsTaken(orders).size,
    breakEven: plan.breakEven,
  })
  if (stop === null) return position
  return wishProtection(tx, position, { stopPrice: stop.toFixed(), targetPrice, plan: { ...plan, breakEven: null } })
}

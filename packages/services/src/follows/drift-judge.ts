import { copyTarget, judgeDrift, type Drift } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import type { DriftMarket } from './drift-rows.ts'

export interface Judged extends DriftMarket {
  /** Signed base. */
  readonly target: Decimal
  readonly drift: Drift | null
}

export function judgeMarket(market: DriftMarket): Judged {
  const target = copyTarget(market.moves, market.exits)
  return { ...market, target, drift: judgeDrift({ ...market, target }) }
}

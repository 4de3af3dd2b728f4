import type { RepairDoubt } from '@matic/contracts'
import { copyTarget, judgeDrift, repairDoubt, type Drift } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import type { DriftMarket } from './drift-rows.ts'

export interface Judged extends DriftMarket {
  /** Signed base. */
  readonly target: Decimal
  readonly drift: Drift | null
  /** Why a drift is shown and not repaired by itself; null: nothing is in doubt. */
  readonly doubt: RepairDoubt | null
}

export function judgeMarket(market: DriftMarket): Judged {
  const target = copyTarget(market.moves, market.exits)
  const drift = judgeDrift({ ...market, target })
  return { ...market, target, drift, doubt: drift?.way === 'reduces' ? repairDoubt({ ...market, target }) : null }
}

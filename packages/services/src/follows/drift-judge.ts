import type { RepairDoubt } from '@matic/contracts'
import { copyTarget, judgeDrift, judgeTopUp, repairDoubt, type Drift, type TopUp } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import type { DriftMarket } from './drift-rows.ts'

export interface Judged extends DriftMarket {
  /** Signed base. */
  readonly target: Decimal
  readonly drift: Drift | null
  /** Why a drift is shown and not repaired by itself; null: nothing is in doubt. */
  readonly doubt: RepairDoubt | null
  /** What may be bought after an opening that was missed, where that may be. */
  readonly topUp: TopUp | null
}

/** @param nowMs epoch ms */
export function judgeMarket(market: DriftMarket, nowMs: number): Judged {
  const target = copyTarget(market.moves, market.exits)
  const drift = judgeDrift({ ...market, target })
  if (drift === null) return { ...market, target, drift, doubt: null, topUp: null }
  if (drift.way === 'reduces') return { ...market, target, drift, doubt: repairDoubt({ ...market, target }), topUp: null }
  const judged = judgeTopUp({ ...market, lacks: drift.quantityBase, nowMs })
  return typeof judged === 'string'
    ? { ...market, target, drift, doubt: judged, topUp: null }
    : { ...market, target, drift, doubt: null, topUp: judged }
}

/** By itself: closing unless the follower wants to be asked, adding where they have allowed it. */
export function isRepairable({ drift, doubt, repair }: Judged): boolean {
  if (drift === null || doubt !== null) return false
  return drift.way === 'reduces' ? repair !== 'ask' : repair === 'full'
}

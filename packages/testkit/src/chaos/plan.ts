import { Decimal } from 'decimal.js'
import type { SeededRandom } from '../seeded-random.ts'

export interface PlannedAlert {
  /** Unique in the run; stands in the body. */
  mark: string
  kind: 'open' | 'add' | 'reduce' | 'reverse' | 'close'
  body: string
}

export interface TraderPlan {
  marketId: string
  /** Base quantity of one unit, already on the market's step. */
  unitBase: string
  next(mark: string, nowMs: number): PlannedAlert
  /** The alert that leaves the trader flat. */
  close(mark: string, nowMs: number): PlannedAlert
}

/**
 * One trader's endless run of alerts: open, sometimes add, reduce or reverse, then close. Reads like a strategy's alerts do,
 * with and without an id that the sender calls unique.
 */
export function createTraderPlan({ marketId, unitBase, random }: { marketId: string; unitBase: string; random: SeededRandom }): TraderPlan {
  let direction: 'long' | 'short' | 'flat' = 'flat'
  let units = 0

  const size = (count: number) => new Decimal(unitBase).mul(count).toFixed()
  const compose = (kind: PlannedAlert['kind'], mark: string, nowMs: number, fields: Record<string, string>): PlannedAlert => ({
    mark,
    kind,
    body: JSON.stringify({
      symbol: `${marketId}.P`,
      ...fields,
      comment: mark,
      timenow: new Date(nowMs).toISOString(),
      ...(random.chance(0.5) ? { signalId: mark } : {}),
    }),
  })

  const open = (mark: string, nowMs: number): PlannedAlert => {
    direction = random.pick(['long', 'short'] as const)
    units = 2
    const action = direction === 'long' ? 'buy' : 'sell'
    return compose('open', mark, nowMs, { action, side: direction, quantity: size(2) })
  }

  const close = (mark: string, nowMs: number): PlannedAlert => {
    direction = 'flat'
    units = 0
    return compose('close', mark, nowMs, { action: 'close' })
  }

  const moveTo = (
    kind: PlannedAlert['kind'],
    mark: string,
    nowMs: number,
    target: { direction: 'long' | 'short'; units: number },
  ): PlannedAlert => {
    const grows = kind === 'add' || kind === 'reverse'
    const action = (target.direction === 'long') === grows ? 'buy' : 'sell'
    const contracts = kind === 'reverse' ? units + target.units : Math.abs(target.units - units)
    const alert = compose(kind, mark, nowMs, {
      action,
      contracts: size(contracts),
      market_position: target.direction,
      market_position_size: size(target.units),
      prev_market_position: direction,
      prev_market_position_size: size(units),
    })
    direction = target.direction
    units = target.units
    return alert
  }

  return {
    marketId,
    unitBase,
    close,
    next(mark, nowMs) {
      if (direction === 'flat') return open(mark, nowMs)
      const roll = random.next()
      if (roll < 0.15 && units < 4) return moveTo('add', mark, nowMs, { direction, units: units + 1 })
      if (roll < 0.35 && units > 1) return moveTo('reduce', mark, nowMs, { direction, units: units - 1 })
      if (roll < 0.5) return moveTo('reverse', mark, nowMs, { direction: direction === 'long' ? 'short' : 'long', units: 2 })
      return close(mark, nowMs)
    },
  }
}

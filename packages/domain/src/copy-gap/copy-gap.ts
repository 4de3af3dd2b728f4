import { Decimal } from 'decimal.js'
import { Exact, sum } from '../metrics/exact.ts'
import { apportion } from './apportion.ts'
import { exitLots, priceOf, type Lot } from './exits.ts'
import { followPath, part } from './path.ts'
import type { CopiedStep, Gap, GapInput, LeaderStep } from './types.ts'

/** Of every amount in quote. */
export const GAP_DECIMALS = 18

/**
 * What a leader's trade came to in the follower's terms, what the follower's copy of it came to, and the difference in six parts that sum to it
 * (docs/copy-gap.md). Both are over. Quote, net of fees and funding. Pure.
 * @throws InvariantError where the copy is not flat at its end
 */
export function copyGap(input: GapInput): Gap {
  const { leader, side, ratio, copy } = input
  const direction = side === 'LONG' ? 1 : -1
  const taken = new Map<string, Decimal>()
  for (const step of copy.steps)
    if (step.change === 'in' && step.of !== null) taken.set(step.of, new Exact(step.quantityBase).add(taken.get(step.of) ?? 0))
  const ins = leader.steps.filter((step) => step.change === 'in')

  const scaled = (step: LeaderStep) => part(ratio.numerator, step.quantityBase, ratio.denominator)
  const ideal = followPath(input, scaled)
  const skipped: { stepId: string; quote: Decimal }[] = []
  const gone = new Set<LeaderStep>()
  let kept = ideal
  for (const step of ins.filter(({ id }) => !taken.has(id))) {
    gone.add(step)
    const without = followPath(input, (one) => (gone.has(one) ? new Exact(0) : scaled(one)))
    skipped.push({ stepId: step.id, quote: kept.net.sub(without.net) })
    kept = without
  }
  const sized = followPath(input, (step) => taken.get(step.id) ?? new Exact(0))
  const lots = exitLots(input, sized)
  const slips = slippage(copy.steps, leader.steps)

  const gross = sum(copy.steps.map((step) => new Exact(step.quote).mul(step.change === 'in' ? -direction : direction)))
  const leaderQuote = ideal.net.toDecimalPlaces(GAP_DECIMALS, Decimal.ROUND_HALF_EVEN)
  const followerQuote = gross.sub(copy.fees).add(copy.funding).toDecimalPlaces(GAP_DECIMALS, Decimal.ROUND_HALF_EVEN)
  const missed = lots.filter((lot) => lot.kind === 'skipped')
  const exact = {
    slippageEntry: slips.in.mul(direction),
    slippageExit: slips.out.mul(direction),
    fees: new Exact(copy.fees).sub(sized.fees),
    funding: sized.funding.sub(copy.funding),
    skipped: sum([...skipped, ...missed].map(({ quote }) => quote)),
    sizing: kept.net.sub(sized.net).add(total(lots, 'sizing')),
    own: total(lots, 'own'),
  }
  const { slippageEntry, slippageExit, ...parts } = apportion(exact, leaderQuote.sub(followerQuote), GAP_DECIMALS)
  return {
    leaderQuote,
    followerQuote,
    parts: { slippage: slippageEntry.add(slippageExit), ...parts },
    slippageEntry,
    slippageExit,
    skippedBy: [...skipped, ...missed.map(({ stepId, quote }) => ({ stepId, quote }))],
    ownBy: lots.filter((lot) => lot.kind === 'own').map(({ cause, atMs, quantityBase, quote }) => ({ cause, atMs, quantityBase, quote })),
  }
}

function total(lots: readonly Lot[], kind: Lot['kind']): Decimal {
  return sum(lots.filter((lot) => lot.kind === kind).map(({ quote }) => quote))
}

/** What was paid more than the leader paid, and got less than they got, for the same quantities; of a long. */
function slippage(steps: readonly CopiedStep[], leaders: readonly LeaderStep[]): { in: Decimal; out: Decimal } {
  const prices = new Map(leaders.map((step) => [`${step.change} ${step.id}`, priceOf(step)]))
  const slips = { in: new Exact(0), out: new Exact(0) }
  for (const { of, change, quantityBase, quote } of steps) {
    const price = prices.get(`${change} ${of}`)
    if (of === null || price === undefined) continue
    const more = new Exact(quote).sub(price.mul(quantityBase))
    slips[change] = slips[change].add(change === 'in' ? more : more.neg())
  }
  return slips
}

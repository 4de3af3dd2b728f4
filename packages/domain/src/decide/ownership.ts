import type { DecisionInput } from './types.ts'

/** A manual close takes all; every other source closes only what it opened. What nobody claims belongs to whoever asks, unless that is a leader. */
export function owns({ route }: Pick<DecisionInput, 'route'>, { routeId }: { readonly routeId: string | null }): boolean {
  if (route.sourceKind === 'FOLLOW') return routeId === route.id
  return route.sourceKind === 'MANUAL' || routeId === null || routeId === route.id
}

/** Something of this symbol is held or on its way, and this source may close it. */
export function mayClose(input: DecisionInput, symbol: string): boolean {
  return [...input.positions, ...input.pendingOpens].some((holder) => holder.symbol === symbol && owns(input, holder))
}

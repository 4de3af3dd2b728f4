import type { Alert, PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { Objection } from '../risk/check-open.ts'
import { openedBy } from './hedge-scope.ts'
import type { DecisionInput, DecisionPosition, PendingOpen } from './types.ts'

/**
 * Where routes share symbols, the position that an alert is read against is its own route's share. A close by hand, and a cancel, mean
 * everybody's. What is left out still takes its margin.
 */
export function shareScope(input: DecisionInput, symbol: string): DecisionInput {
  if (input.account.sharedSymbols !== 'net' || takesAll(input)) return input
  const meant = shareMeant(input)
  const isOthers = (holder: DecisionPosition | PendingOpen) => holder.symbol === symbol && holder.routeId !== meant
  const aside = input.pendingOpens.filter(isOthers)
  const takenQuote = aside.reduce((sum, { reservedQuote }) => sum.add(reservedQuote), new Decimal(0))
  const nettedQuote = input.account.positionMode === 'HEDGE' ? 0 : nettedMargin(input.positions)
  return {
    ...input,
    positions: input.positions.filter((position) => !isOthers(position)),
    pendingOpens: input.pendingOpens.filter((open) => !isOthers(open)),
    othersHere: [...input.positions.filter(isOthers), ...aside],
    funds: input.funds && { ...input.funds, available: new Decimal(input.funds.available).sub(takenQuote).sub(nettedQuote).toFixed() },
  }
}

/** The route whose share this is about: its own, or by hand that of another source. */
export function shareMeant({
  route,
  alert,
}: {
  readonly route: Pick<DecisionInput['route'], 'id' | 'sourceKind'>
  readonly alert: Alert
}): string {
  return (route.sourceKind === 'MANUAL' ? alert.shareRouteId : null) ?? route.id
}

/** By hand, and of the whole position. */
export function takesAll({ route, alert }: Pick<DecisionInput, 'route' | 'alert'>): boolean {
  if (route.sourceKind !== 'MANUAL' || alert.shareRouteId !== null) return false
  const { action } = alert
  return alert.marketPosition === 'flat' || action === 'close' || action === 'close-long' || action === 'close-short' || action === 'cancel'
}

/**
 * Shares on both sides of a market are netted at the exchange. What only an exchange can follow, a trailing stop or several targets, cannot be kept for what
 * it does not hold, so that such a share and one on the other side refuse each other.
 */
export function meetsOpposite(
  { account, othersHere = [] }: DecisionInput,
  symbol: string,
  { direction, hasPlan }: { direction: PositionDirection; hasPlan: boolean },
): Objection | undefined {
  if (account.positionMode === 'HEDGE') return undefined
  const sideOf = (holder: DecisionPosition | PendingOpen) => ('openBase' in holder ? openedBy(holder.side) : holder.side)
  const other = othersHere.find((holder) => sideOf(holder) !== direction && (hasPlan || holder.hasPlan === true))
  return (
    other && { reason: 'SYMBOL_OPPOSITE', numbers: { symbol, owner: other.owner ?? 'another source', side: sideOf(other).toLowerCase() } }
  )
}

/**
 * Margin, quote, that the exchange does not hold because shares on both sides of a market stand against each other there. Each needs it the moment the other
 * closes, so that it is not there to be used.
 */
export function nettedMargin(positions: readonly DecisionPosition[]): Decimal {
  let netted = new Decimal(0)
  for (const shares of Map.groupBy(positions, ({ symbol }) => symbol).values()) {
    const heldBase = (side: PositionDirection) =>
      shares.filter((share) => share.side === side).reduce((sum, { quantityBase }) => sum.add(quantityBase), new Decimal(0))
    const [long, short] = [heldBase('LONG'), heldBase('SHORT')]
    const gross = long.add(short)
    if (long.isZero() || short.isZero()) continue
    const margin = shares.reduce((sum, share) => sum.add(share.margin ?? 0), new Decimal(0))
    netted = netted.add(margin.mul(gross.sub(long.sub(short).abs())).div(gross))
  }
  return netted
}

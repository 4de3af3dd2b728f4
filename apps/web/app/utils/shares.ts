import type { PositionView, ShareView } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { formatExact } from './format.ts'
import { atMark, type LivePosition } from './pnl.ts'

/** Where the stop and target of a share are kept: at the exchange, here, or each for a part. */
export type Kept = 'exchange' | 'both' | 'here'

/** Shares that tell more than the position does: all but the one of the person's own hand when it is alone. */
export function shownShares({ shares = [] }: PositionView): readonly ShareView[] {
  return shares.length > 1 || shares.some(({ source }) => source !== 'MANUAL') ? shares : []
}

/** Long and short shares stand against each other. */
export function isOpposed({ shares = [] }: PositionView): boolean {
  return new Set(shares.map(({ side }) => side)).size > 1
}

/** Held by shares alone: at the exchange they come to nothing. */
export function isFlat({ size }: PositionView): boolean {
  return new Decimal(size).isZero()
}

/** There is no one stop (or target) to show or to move: each share has its own. */
export function isByShare(position: PositionView, level: 'stopLoss' | 'takeProfit'): boolean {
  return isOpposed(position) || new Set(position.shares?.map((share) => share[level])).size > 1
}

/** A share as a position, at the mark of the position it is of. */
export function atShare({ position, mark }: LivePosition, share: ShareView): LivePosition {
  const { side, size, stopLoss, takeProfit, protection, openedAt } = share
  const own = { side, size, stopLoss, takeProfit, protection, openedAt, margin: null, liquidationPrice: null, shares: undefined }
  const live = atMark({ ...position, ...own, entryPrice: share.entryPrice ?? '0' }, mark?.toFixed())
  const asRead = share.unrealizedPnl === null ? null : new Decimal(share.unrealizedPnl)
  return { ...live, pnl: share.entryPrice === null ? null : (live.pnl ?? asRead) }
}

/** What a copy makes by a position, quote: of its share alone, where several sources hold it. Null where that is not known. */
export function pnlOfCopy(live: LivePosition, followId: string): Decimal | null {
  const shares = live.position.shares?.filter((share) => share.followId === followId)
  if (shares === undefined) return live.pnl
  return shares.reduce<Decimal | null>((sum, share) => {
    const { pnl } = atShare(live, share)
    return sum === null || pnl === null ? null : sum.plus(pnl)
  }, new Decimal(0))
}

export function isHeldByCopy({ followId, shares }: PositionView, copyId: string | null): boolean {
  const owners = shares === undefined ? [followId] : shares.map((share) => share.followId)
  return owners.some((owner) => owner !== null && (copyId === null || owner === copyId))
}

export function keptOf({ size, atExchange }: Pick<ShareView, 'size' | 'atExchange'>): Kept {
  if (new Decimal(atExchange).isZero()) return 'here'
  return new Decimal(atExchange).gte(size) ? 'exchange' : 'both'
}

/** Of a position: a part of what its shares hold is at the exchange only where they stand against each other. */
export function keptOfAll(position: PositionView): Kept {
  if (!isOpposed(position)) return 'exchange'
  return isFlat(position) ? 'here' : 'both'
}

/** How much of a share the exchange holds and guards, and of how much stop and target are watched here. */
export function keptWords(share: Pick<ShareView, 'size' | 'atExchange'>): string {
  const kept = keptOf(share)
  if (kept !== 'both') return kept === 'exchange' ? 'All of it at the exchange' : 'All of it watched here'
  return `${formatExact(share.atExchange)} at the exchange, ${formatExact(new Decimal(share.size).minus(share.atExchange))} watched here`
}

export function ownerWords({ source, strategyName, webhookTail }: ShareView): string {
  if (source === 'FOLLOW') return `Your copy of ${strategyName ?? 'a strategy'}`
  if (source === 'MANUAL') return 'Your own hand'
  return webhookTail === null ? 'A webhook that is gone' : `Your webhook ending in ${webhookTail}`
}

/** What is closed where a share is, as part of a sentence. */
export function shareWords(share: ShareView): string {
  return share.source === 'MANUAL' ? 'your own share' : ownerWords(share).replace(/^(Your|A) /, (first) => first.toLowerCase())
}

/** Base held on each side. */
export function sidesOf({ shares = [] }: PositionView): Record<ShareView['side'], Decimal> {
  const sum = (side: ShareView['side']) =>
    shares.reduce((total, share) => (share.side === side ? total.plus(share.size) : total), new Decimal(0))
  return { LONG: sum('LONG'), SHORT: sum('SHORT') }
}

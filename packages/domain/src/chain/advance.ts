import { directionIn, FLAT, isSamePosition, startsAnew, takesOff } from './positions.ts'

/** One alert as a link of its sender's chain of positions: where the sender came from and where it is now. */
export interface Link {
  readonly id: string
  readonly from: string
  readonly to: string
  /** When it fired, epoch ms; null where the alert does not say. */
  readonly firedAtMs: number | null
  /** When it came in, epoch ms. */
  readonly receivedAtMs: number
}

/** What has not come in: the positions at both ends of the gap. */
export interface Gap {
  readonly from: string
  readonly to: string
}

export interface Chain {
  /** Where the sender is, as far as links have come in without a gap, or were given up waiting for; null before the first. */
  readonly position: string | null
  /** The sender's position that ours stands for: what was carried out last. */
  readonly carried: string | null
  /** The link that would bring ours to the sender's, where one came and was not carried out. */
  readonly behindId: string | null
  readonly lastFiredAtMs: number | null
  readonly lastReceivedAtMs: number | null
  /** Links that wait for one before them. */
  readonly held: readonly Link[]
  /** What a close jumped over. */
  readonly gap: Gap | null
  /** The order of what came cannot be told: nothing opens until it can. */
  readonly isUnsure: boolean
  /** The newest ones. */
  readonly seen: readonly string[]
}

/**
 * in-order: carry it out. repeat: it was dealt with. late: the sender has left that position since. held: one before it is missing. late-close:
 * it closes, as flat always does, though the sender has opened something since.
 */
export type Verdict = 'in-order' | 'repeat' | 'late' | 'held' | 'late-close'

export interface Advanced {
  readonly chain: Chain
  readonly verdict: Verdict
  /** Held ones whose turn came before this one, and after it, each in their order. */
  readonly releasedBefore: readonly Link[]
  readonly released: readonly Link[]
  readonly missing: Gap | null
  /** The sender's position that ours stood for before this link; null where nothing is known of it. */
  readonly before: string | null
}

interface Patience {
  /** So long after a link came in, none from before it is waited for any more. */
  readonly holdMs: number
}

export const EMPTY_CHAIN: Chain = {
  position: null,
  carried: null,
  behindId: null,
  lastFiredAtMs: null,
  lastReceivedAtMs: null,
  held: [],
  gap: null,
  isUnsure: false,
  seen: [],
}
const SEEN_MAX = 64

/** Whether something is missing or out of order, so that our position may not be the sender's. */
export function isFlagged(chain: Chain): boolean {
  return chain.held.length > 0 || chain.isUnsure || isBehind(chain)
}

/** Takes the next link in the order of arrival. What opens waits for what is missing before it; what takes off never waits. */
export function advance(earlier: Chain, link: Link, { holdMs }: Patience): Advanced {
  if (earlier.seen.includes(link.id)) return answer(earlier, 'repeat')
  const { chain: settled, released: releasedBefore } = settle(earlier, link.receivedAtMs, holdMs)
  const chain = {
    ...settled,
    seen: [...settled.seen, link.id].slice(-SEEN_MAX),
    lastReceivedAtMs: Math.max(settled.lastReceivedAtMs ?? 0, link.receivedAtMs),
  }
  return { ...place(chain, link), releasedBefore, before: settled.carried }
}

function place(chain: Chain, link: Link): Advanced {
  const isOlder = chain.lastFiredAtMs !== null && link.firedAtMs !== null && link.firedAtMs < chain.lastFiredAtMs
  if (link.to === FLAT && isOlder) return closesAnother(chain, link) ? answer(chain, 'late') : closeLate(chain)
  if (link.to === FLAT) return goDown(chain, link)
  if (isOlder) return answer(chain, 'late')
  if (fillsGap(chain, link)) return hold({ ...chain, isUnsure: true }, link)
  if (chain.isUnsure) return hold(chain, link)
  if (isAt(chain, link.from)) return follow(chain, link)
  return chain.carried !== null && takesOff(link.to, link.from, chain.carried) ? goDown(chain, link) : hold(chain, link)
}

/**
 * The owner says that a link is to be carried out, whatever is missing before it. Late where the sender has moved on since.
 */
export function carryOut(chain: Chain, link: Link): Advanced {
  if (!openIds(chain).includes(link.id)) return { ...answer(chain, 'late'), before: chain.carried }
  const rest = { ...chain, held: chain.held.filter(({ id }) => id !== link.id), isUnsure: false, gap: null }
  return { ...inOrder(applied(rest, link), null), before: chain.carried }
}

/** The owner says that a held link is never to be carried out: the sender is where it says, and ours is not. */
export function drop(chain: Chain, id: string): Chain {
  const link = chain.held.find((one) => one.id === id)
  if (link !== undefined) return { ...giveUp(chain, [link]), behindId: null }
  return chain.behindId === id ? { ...chain, behindId: null } : chain
}

/** Goes where the sender goes, whatever is missing: for who wants nothing held. */
export function followBlindly(earlier: Chain, link: Link): Advanced {
  if (earlier.seen.includes(link.id)) return answer(earlier, 'repeat')
  const missing = earlier.position === null || isAt(earlier, link.from) ? null : { from: earlier.position, to: link.from }
  const chain = { ...EMPTY_CHAIN, seen: [...earlier.seen, link.id].slice(-SEEN_MAX), lastReceivedAtMs: link.receivedAtMs }
  return { ...answer(applied(chain, link), 'in-order'), missing, before: link.from }
}

/** An alert that does not say where its sender stands: nothing is known until one does again. */
export function forget({ seen, lastFiredAtMs, lastReceivedAtMs }: Chain, firedAtMs: number | null): Chain {
  return { ...EMPTY_CHAIN, seen, lastReceivedAtMs, lastFiredAtMs: later(lastFiredAtMs, firedAtMs) }
}

/** Links that came and were not carried out, and still could be. */
export function openIds({ held, behindId }: Chain): string[] {
  return [...held.map(({ id }) => id), ...(behindId === null ? [] : [behindId])]
}

function hold(chain: Chain, link: Link): Advanced {
  const missing = { from: chain.position ?? FLAT, to: link.from }
  return { ...answer({ ...chain, held: [...chain.held, link] }, 'held'), missing }
}

/** It follows what we know of. While ours is not the sender's, only what starts anew or takes off from ours too can be carried out. */
function follow(chain: Chain, link: Link): Advanced {
  if (!isBehind(chain) || startsAnew(link)) return inOrder(applied(chain, link), null)
  if (chain.carried !== null && takesOff(link.to, link.from, chain.carried)) return inOrder(applied(chain, link), null)
  return { ...answer(passedBy(chain, link), 'held'), missing: { from: chain.carried ?? FLAT, to: link.from } }
}

/** Nothing opens on a link that a close may have jumped over, unless it fired after that close. */
function fillsGap({ gap, lastFiredAtMs }: Chain, { from, to, firedAtMs }: Link): boolean {
  if (gap === null || (firedAtMs !== null && lastFiredAtMs !== null && firedAtMs > lastFiredAtMs)) return false
  return isSamePosition(from, gap.from) || isSamePosition(to, gap.to)
}

/** It closes a long, and we have turned to a short since, or the other way round. */
function closesAnother({ carried }: Chain, { from }: Link): boolean {
  return carried !== null && carried !== FLAT && directionIn(from) !== directionIn(carried)
}

/** Flat, or less than there was: done whatever is missing before it. */
function goDown(chain: Chain, link: Link): Advanced {
  const isJump = chain.position !== null && (!isAt(chain, link.from) || chain.isUnsure)
  const isAfter = (one: Link) => one.firedAtMs !== null && link.firedAtMs !== null && one.firedAtMs > link.firedAtMs
  const isBefore = (one: Link) => one.firedAtMs !== null && link.firedAtMs !== null && one.firedAtMs < link.firedAtMs
  const missing = isJump && chain.position !== null ? { from: chain.position, to: link.from } : null
  const isLatest = link.firedAtMs !== null && (chain.lastFiredAtMs === null || link.firedAtMs > chain.lastFiredAtMs)
  const lower = {
    ...applied(chain, link),
    gap: missing,
    held: chain.held.filter(isAfter),
    isUnsure: (isJump && !isLatest) || chain.held.some((one) => !isAfter(one) && !isBefore(one)),
  }
  return inOrder(lower, missing)
}

function closeLate(chain: Chain): Advanced {
  const missing = chain.position === null || chain.position === FLAT ? null : { from: FLAT, to: chain.position }
  return { ...answer({ ...chain, carried: FLAT, isUnsure: chain.isUnsure || missing !== null }, 'late-close'), missing }
}

/** What nobody waits for any more, and what follows from that. */
function settle(chain: Chain, nowMs: number, holdMs: number): { chain: Chain; released: readonly Link[] } {
  const isOver = (sinceMs: number | null) => sinceMs !== null && nowMs - sinceMs > holdMs
  const calm = isOver(chain.lastReceivedAtMs) ? { ...chain, gap: null, isUnsure: false } : chain
  const over = calm.held.filter(({ receivedAtMs }) => isOver(receivedAtMs))
  return over.length === 0 ? { chain: calm, released: [] } : release(giveUp(calm, over))
}

/** The sender is where the last of them says; ours is not. */
function giveUp(chain: Chain, links: readonly Link[]): Chain {
  const held = chain.held.filter((one) => !links.includes(one))
  const ends = links.filter(({ id, to }) => !links.some((other) => other.id !== id && isSamePosition(other.from, to)))
  const last = (ends.length === 0 ? links : ends).toSorted(byTime).at(-1)
  return last === undefined ? chain : passedBy({ ...chain, held }, last)
}

function passedBy(chain: Chain, { id, to, firedAtMs }: Link): Chain {
  return { ...chain, position: to, behindId: id, lastFiredAtMs: later(chain.lastFiredAtMs, firedAtMs) }
}

function applied(chain: Chain, { to, firedAtMs }: Link): Chain {
  return { ...chain, position: to, carried: to, behindId: null, lastFiredAtMs: firedAtMs ?? chain.lastFiredAtMs, gap: null }
}

function release(chain: Chain): { chain: Chain; released: readonly Link[] } {
  const released: Link[] = []
  let rest = withoutLate(chain)
  for (;;) {
    const at = rest
    const next = at.isUnsure ? undefined : at.held.toSorted(byTime).find(({ from }) => isAt(at, from))
    if (next === undefined) return { chain: rest, released }
    const held = at.held.filter(({ id }) => id !== next.id)
    const isCarried = !isBehind(at) || startsAnew(next)
    if (isCarried) released.push(next)
    rest = withoutLate(isCarried ? { ...applied(at, next), held } : passedBy({ ...at, held }, next))
  }
}

function inOrder(chain: Chain, missing: Gap | null): Advanced {
  return { ...answer(chain, 'in-order'), ...release(chain), missing }
}

function answer(chain: Chain, verdict: Verdict): Advanced {
  return { chain, verdict, releasedBefore: [], released: [], missing: null, before: null }
}

/** What the sender has left behind waits for nothing any more. */
function withoutLate(chain: Chain): Chain {
  const { held, lastFiredAtMs } = chain
  return { ...chain, held: held.filter(({ firedAtMs }) => firedAtMs === null || lastFiredAtMs === null || firedAtMs >= lastFiredAtMs) }
}

function isAt({ position }: Chain, name: string): boolean {
  return position === null || isSamePosition(position, name)
}

function isBehind({ position, carried }: Chain): boolean {
  return position !== null && (carried === null || !isSamePosition(position, carried))
}

function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (b ?? a) : Math.max(a, b)
}

function byTime(a: Link, b: Link): number {
  return (a.firedAtMs ?? a.receivedAtMs) - (b.firedAtMs ?? b.receivedAtMs)
}

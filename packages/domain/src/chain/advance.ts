/** One alert as a link of its sender's chain of positions: where the sender came from and where it is now. */
export interface Link {
  readonly id: string
  readonly from: string
  readonly to: string
  /** When it fired, epoch ms; null where the alert does not say. */
  readonly firedAtMs: number | null
}

export interface Chain {
  /** Where the sender is, as far as links have come in without a gap; null before the first. */
  readonly position: string | null
  readonly lastFiredAtMs: number | null
  /** Links that wait for one before them. */
  readonly held: readonly Link[]
  /** What a close jumped over. */
  readonly gap: { readonly from: string; readonly to: string } | null
  /** The order of what came cannot be told: nothing opens until the sender is flat again. */
  readonly isUnsure: boolean
  readonly seen: ReadonlySet<string>
}

/**
 * in-order: carry it out. repeat: it was dealt with. late: the sender has left that position since. held: one before it is missing. late-close:
 * it closes, as flat always does, though the sender has opened something since.
 */
export type Verdict = 'in-order' | 'repeat' | 'late' | 'held' | 'late-close'

export interface Advanced {
  readonly chain: Chain
  readonly verdict: Verdict
  /** Held ones whose turn has come, in their order. */
  readonly released: readonly Link[]
  /** What has not come in: the positions at both ends of the gap. Null where nothing is missing. */
  readonly missing: { readonly from: string; readonly to: string } | null
}

export const FLAT = 'flat'
export const EMPTY_CHAIN: Chain = { position: null, lastFiredAtMs: null, held: [], gap: null, isUnsure: false, seen: new Set() }

/** Whether something is missing or out of order, so that the position may not be the sender's. */
export function isFlagged({ held, isUnsure }: Chain): boolean {
  return held.length > 0 || isUnsure
}

/** Takes the next link in the order of arrival. Opens wait for what is missing before them; a flat never waits. */
export function advance(before: Chain, link: Link): Advanced {
  if (before.seen.has(link.id)) return { chain: before, verdict: 'repeat', released: [], missing: null }
  const chain = { ...before, seen: new Set([...before.seen, link.id]) }
  const isOlder = chain.lastFiredAtMs !== null && link.firedAtMs !== null && link.firedAtMs < chain.lastFiredAtMs
  if (link.to === FLAT) return isOlder ? closeLate(chain) : close(chain, link)
  if (isOlder) return { chain, verdict: 'late', released: [], missing: null }
  if (fillsGap(chain, link)) return hold({ ...chain, isUnsure: true }, link)
  if (chain.isUnsure) return hold(chain, link)
  if (chain.position !== null && link.from !== chain.position) return hold(chain, link)
  return release(applied(chain, link))
}

function hold(chain: Chain, link: Link): Advanced {
  const missing = { from: chain.position ?? FLAT, to: link.from }
  return { chain: { ...chain, held: [...chain.held, link] }, verdict: 'held', released: [], missing }
}

/** Nothing opens on a link that a close may have jumped over, unless it fired after that close. */
function fillsGap({ gap, lastFiredAtMs }: Chain, { from, to, firedAtMs }: Link): boolean {
  if (gap === null || (firedAtMs !== null && lastFiredAtMs !== null && firedAtMs > lastFiredAtMs)) return false
  return from === gap.from || to === gap.to
}

function close(chain: Chain, link: Link): Advanced {
  const isJump = chain.position !== null && (link.from !== chain.position || chain.isUnsure)
  const isAfter = (one: Link) => one.firedAtMs !== null && link.firedAtMs !== null && one.firedAtMs > link.firedAtMs
  const isBefore = (one: Link) => one.firedAtMs !== null && link.firedAtMs !== null && one.firedAtMs < link.firedAtMs
  const missing = isJump && chain.position !== null ? { from: chain.position, to: link.from } : null
  const isLatest = link.firedAtMs !== null && (chain.lastFiredAtMs === null || link.firedAtMs > chain.lastFiredAtMs)
  const flat = {
    ...applied(chain, link),
    gap: missing,
    held: chain.held.filter(isAfter),
    isUnsure: (isJump && !isLatest) || chain.held.some((one) => !isAfter(one) && !isBefore(one)),
  }
  return { ...release(flat), missing }
}

function closeLate(chain: Chain): Advanced {
  const missing = chain.position === null || chain.position === FLAT ? null : { from: FLAT, to: chain.position }
  return { chain: { ...chain, isUnsure: chain.isUnsure || missing !== null }, verdict: 'late-close', released: [], missing }
}

function applied(chain: Chain, { to, firedAtMs }: Link): Chain {
  return { ...chain, position: to, lastFiredAtMs: firedAtMs ?? chain.lastFiredAtMs, gap: null }
}

function release(chain: Chain): Advanced {
  const released: Link[] = []
  let rest = withoutLate(chain)
  for (;;) {
    const next = rest.isUnsure ? undefined : rest.held.toSorted(byTime).find(({ from }) => from === rest.position)
    if (next === undefined) return { chain: rest, verdict: 'in-order', released, missing: null }
    released.push(next)
    rest = withoutLate({ ...applied(rest, next), held: rest.held.filter(({ id }) => id !== next.id) })
  }
}

/** What the sender has left behind waits for nothing any more. */
function withoutLate(chain: Chain): Chain {
  const { held, lastFiredAtMs } = chain
  return { ...chain, held: held.filter(({ firedAtMs }) => firedAtMs === null || lastFiredAtMs === null || firedAtMs >= lastFiredAtMs) }
}

function byTime(a: Link, b: Link): number {
  return (a.firedAtMs ?? 0) - (b.firedAtMs ?? 0)
}

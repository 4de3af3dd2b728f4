import { setTimeout as pause } from 'node:timers/promises'

/** What one address may ask of an exchange: so many requests within any `windowMs`. */
export interface RequestLimit {
  readonly requests: number
  readonly windowMs: number
}

/**
 * `urgent`: closes, stops that have waited long, and whatever an order waits for; may use all there is. `open`: what opens; leaves a little to closes.
 * `guard`: stops and targets that may wait a little for what opens. `patient`: readings that nobody waits for; never more than half, and a tenth while orders wait in line.
 */
export type RequestKind = OrderKind | 'patient'

/** Keeps an address below its limit, so that the exchange never has to refuse. Times are ms from now. */
export interface RequestBudget {
  readonly windowMs: number
  /** How many requests of a kind may leave now. */
  room(kind: RequestKind): number
  /** Takes an order out of it before it is written ahead. @returns false where there is no room */
  take(kind: OrderKind): boolean
  /** One of those taken was answered, or will never leave. */
  settle(): void
  /** A place in line for an order that found no room: when there will be some, which is kept for it. Urgent ones stand in front, guards behind. */
  queue(kind: OrderKind): number
  /** Nothing that opens leaves for so long. */
  holdOpens(forMs: number): void
  /** For everything that is not taken in advance: sends `request` when it may leave. */
  spend<T>(kind: RequestKind, request: () => Promise<T>): Promise<T>
  /** So many processes share the address, and what it may ask. */
  sharedBy(processes: number): void
}

export type OrderKind = 'urgent' | 'open' | 'guard'

/** In the order of their turns. */
const KINDS = ['urgent', 'open', 'guard'] as const
const before = (kind: OrderKind): readonly OrderKind[] => KINDS.slice(0, KINDS.indexOf(kind))

/** Part of the budget that opens never touch. */
const KEPT_FOR_CLOSES = 0.05
const PATIENT_MAX = 0.5
/** While orders wait in line. */
const PATIENT_MAX_BUSY = 0.1
/** What was taken and never settled is gone with the process that took it; in this one, a fault of ours. */
const FORGOTTEN_MS = 10_000
/** For this part of a window what has become free is kept for the order that was told to come then. */
const KEPT = 0.1

/**
 * A request counts from when it leaves until `windowMs` after its answer: it has arrived by then, so that however the way there varies no more than
 * the limit arrive within a window.
 * @param nowMs monotonic
 */
export function createRequestBudget({ requests, windowMs }: RequestLimit, nowMs: () => number = () => performance.now()): RequestBudget {
  let share = requests
  /** When each answered one stops to count, ascending. */
  let counting: number[] = []
  /** When each that is on its way left, ascending. */
  let leaving: number[] = []
  /** When each that found no room was told to come again, ascending. */
  const lines: Record<OrderKind, number[]> = { urgent: [], open: [], guard: [] }
  let opensHeldUntilMs = -Infinity

  function refresh(): void {
    const now = nowMs()
    counting = after(counting, now)
    leaving = after(leaving, now - windowMs - FORGOTTEN_MS)
    for (const kind of KINDS) lines[kind] = after(lines[kind], now - KEPT * windowMs)
  }

  function most(kind: RequestKind): number {
    const isBusy = KINDS.some((line) => lines[line].length > 0)
    if (kind === 'urgent') return share
    if (kind === 'patient') return Math.floor(share * (isBusy ? PATIENT_MAX_BUSY : PATIENT_MAX))
    if (kind === 'open' && opensHeldUntilMs > nowMs()) return 0
    return share - Math.ceil(share * KEPT_FOR_CLOSES)
  }

  const due = (kinds: readonly OrderKind[]) => kinds.reduce((sum, kind) => sum + lines[kind].filter((at) => at <= nowMs()).length, 0)
  const free = (kind: RequestKind) => most(kind) - counting.length - leaving.length

  /** What is left when those in line whose turn it is have gone. */
  function room(kind: RequestKind): number {
    refresh()
    return Math.max(0, free(kind) - due(KINDS))
  }

  function settle(): void {
    leaving.shift()
    counting.push(nowMs() + windowMs)
  }

  return {
    windowMs,
    room,
    take(kind) {
      refresh()
      if (free(kind) - due(before(kind)) <= 0) return false
      if (due([kind]) > 0) lines[kind].shift()
      leaving.push(nowMs())
      return true
    },
    settle,
    queue(kind) {
      refresh()
      const now = nowMs()
      const places = Math.max(1, most('guard'))
      const ahead = [...before(kind), kind].reduce((sum, line) => sum + lines[line].length, 0)
      const freeAtMs = counting[ahead % places] ?? now + windowMs
      const heldUntilMs = kind === 'open' ? opensHeldUntilMs : 0
      const atMs = Math.max(freeAtMs + Math.floor(ahead / places) * windowMs, heldUntilMs, lines[kind].at(-1) ?? 0, now + 1)
      lines[kind].push(atMs)
      return atMs - now
    },
    holdOpens(forMs) {
      opensHeldUntilMs = Math.max(opensHeldUntilMs, nowMs() + forMs)
    },
    async spend(kind, request) {
      while (room(kind) === 0) await pause(Math.max(1, Math.min(50, (counting[0] ?? 0) - nowMs())))
      leaving.push(nowMs())
      try {
        return await request()
      } finally {
        settle()
      }
    },
    sharedBy(processes) {
      share = Math.max(1, Math.floor(requests / Math.max(1, processes)))
    },
  }
}

/** @param times ascending */
function after(times: number[], ms: number): number[] {
  const first = times.findIndex((at) => at > ms)
  if (first === 0) return times
  return first < 0 ? [] : times.slice(first)
}

/** What one address may ask of an exchange: so many requests within any `windowMs`. */
export interface RequestLimit {
  readonly requests: number
  readonly windowMs: number
}

/**
 * `urgent`: closes and what must be known before them, stops that have waited long, whatever a person waits for; may use all there is. `open`: what opens, and
 * what is set before it; leaves a little to closes. `ready`: what is read before something may open. `guard`: stops and targets that may wait a little for
 * what opens, and those that come off. `patient`: readings that nobody waits for; never more than half, and a tenth while anything else waits in line.
 */
export type RequestKind = OrderKind | 'patient'

/** Turns that were taken for one thing to be asked. */
export interface Turns {
  /** Uses one up, if any is left. It counts until `settle`. */
  use(): boolean
  /** What is asked beyond them waits in this line. */
  readonly kind: OrderKind
  /** Leaves one for whatever asks under this name soon: `take` finds it, however little room there is. */
  keep(name: string): void
  /** Those that are left are for others. */
  giveBack(): void
}

/** Keeps an address below its limit, so that the exchange never has to refuse. Times are ms from now. */
export interface RequestBudget {
  readonly windowMs: number
  /** How often so many requests of a kind may leave now. */
  room(kind: RequestKind, count?: number): number
  /**
   * Takes an order out of it before it is written ahead.
   * @param who its place in line is free with that @param keptAs what was kept for it is used
   * @returns false where there is no room
   */
  take(kind: OrderKind, who?: string, keptAs?: string): boolean
  /** Takes so many together. @returns nothing where there is not room for all */
  takeTurns(kind: RequestKind, count: number, who?: string): Turns | undefined
  /** One of those taken was answered. */
  settle(): void
  /** One of those taken will never leave. */
  giveBack(): void
  /**
   * A place in line for what found no room for so many requests, or the one it has: when to come again. Urgent ones stand in front, guards behind. What is
   * free then is kept for a moment. The way may turn out shorter: who stands far behind is to look half-way.
   */
  queue(kind: OrderKind, who: string, count?: number): number
  /** Nothing that opens leaves for so long. */
  holdOpens(forMs: number): void
  /** For everything that is not taken in advance: sends `request` when its turn has come. */
  spend<T>(kind: RequestKind, request: () => Promise<T>): Promise<T>
  /** How far apart requests are that take this part of all there is. */
  everyMs(part: number): number
  /** So many processes share the address, and what it may ask. */
  sharedBy(processes: number): void
}

export type OrderKind = 'urgent' | 'open' | 'ready' | 'guard'

interface Place {
  /** When it was told to come again. */
  readonly atMs: number
  readonly count: number
}

/** In the order of their turns. */
const KINDS = ['urgent', 'open', 'ready', 'guard'] as const
const LINES = [...KINDS, 'patient'] as const
const before = (kind: RequestKind): readonly OrderKind[] => KINDS.slice(0, LINES.indexOf(kind))

/** Part of the budget that opens never touch. */
const KEPT_FOR_CLOSES = 0.05
const PATIENT_MAX = 0.5
/** While orders wait in line. */
const PATIENT_MAX_BUSY = 0.1
/** What was taken and never settled is gone with the process that took it; in this one, a fault of ours. */
const FORGOTTEN_MS = 10_000
/** For this part of a window what has become free is kept for the order that was told to come then. */
const KEPT = 0.1
/** Answers come one by one: what came too soon for the last of them comes again after this part of a window. */
const SOON = 0.01
/** What is kept by name and not asked for is free again. */
const NAME_KEPT_MS = 10_000
const LOOK_AGAIN_MS = 50

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
  /** What found no room, in the order of its turns. */
  const lines: Record<OrderKind, Map<string, Place>> = { urgent: new Map(), open: new Map(), ready: new Map(), guard: new Map() }
  /** Those that wait here until they may leave. */
  const waiting: Record<RequestKind, (() => void)[]> = { urgent: [], open: [], ready: [], guard: [], patient: [] }
  let looking: NodeJS.Timeout | undefined
  /** Taken, and to be used under this name until then. */
  const kept = new Map<string, number>()
  let opensHeldUntilMs = -Infinity

  function refresh(): void {
    const now = nowMs()
    counting = after(counting, now)
    leaving = after(leaving, now - windowMs - FORGOTTEN_MS)
    for (const line of Object.values(lines)) {
      for (const [who, { atMs }] of line) if (atMs <= now - KEPT * windowMs) line.delete(who)
    }
    for (const [name, untilMs] of kept) {
      if (untilMs > now) break
      kept.delete(name)
      leaving.pop()
    }
    for (const kind of LINES) {
      while (waiting[kind].length > 0 && roomFor(kind) - told(kind) > 0) {
        leaving.push(now)
        waiting[kind].shift()?.()
      }
    }
    if (looking === undefined && LINES.some((kind) => waiting[kind].length > 0)) look(now)
  }

  function look(now: number): void {
    looking = setTimeout(
      () => {
        looking = undefined
        refresh()
      },
      Math.max(1, Math.min(LOOK_AGAIN_MS, (counting[0] ?? 0) - now)),
    )
  }

  const patientMost = () => Math.max(1, Math.floor(share * PATIENT_MAX))
  /** What needs more than may ever leave together leaves with that, and asks for the rest. */
  const atOnce = (kind: RequestKind, count: number) => Math.min(count, kind === 'patient' ? patientMost() : Math.max(1, most('guard')))

  function most(kind: RequestKind): number {
    const isBusy = KINDS.some((line) => lines[line].size + waiting[line].length > 0)
    if (kind === 'urgent') return share
    if (kind === 'patient') return isBusy ? Math.floor(share * PATIENT_MAX_BUSY) : patientMost()
    if ((kind === 'open' || kind === 'ready') && opensHeldUntilMs > nowMs()) return 0
    return share - Math.ceil(share * KEPT_FOR_CLOSES)
  }

  /** What was told to come by now, or in a moment. */
  const told = (kind: RequestKind) => (kind === 'patient' ? 0 : sumOf(lines[kind].values(), nowMs() + SOON * windowMs))
  const ahead = (kinds: readonly OrderKind[]) => kinds.reduce((sum, kind) => sum + waiting[kind].length + told(kind), 0)
  const free = (kind: RequestKind) => most(kind) - counting.length - leaving.length
  const roomFor = (kind: RequestKind) => free(kind) - ahead(before(kind))

  function leaveLine(who: string | undefined): void {
    if (who !== undefined) for (const line of Object.values(lines)) line.delete(who)
  }

  function takeMany(kind: RequestKind, count: number, who: string | undefined): boolean {
    refresh()
    if (roomFor(kind) < count) return false
    leaveLine(who)
    for (let taken = 0; taken < count; taken += 1) leaving.push(nowMs())
    return true
  }

  function settle(): void {
    leaving.shift()
    counting.push(nowMs() + windowMs)
  }

  function giveBack(): void {
    leaving.pop()
    refresh()
  }

  return {
    windowMs,
    /** What is left when those in line whose turn it is have gone. */
    room(kind, count = 1) {
      refresh()
      return Math.floor(Math.max(0, free(kind) - ahead(KINDS)) / atOnce(kind, count))
    },
    take(kind, who, keptAs) {
      if (keptAs === undefined || !kept.delete(keptAs)) return takeMany(kind, 1, who)
      leaveLine(who)
      return true
    },
    takeTurns(kind, count, who) {
      let left = atOnce(kind, count)
      if (!takeMany(kind, left, who)) return undefined
      return {
        // Whoever has begun to read holds a lane.
        kind: kind === 'patient' ? 'guard' : kind,
        use() {
          left -= 1
          return left >= 0
        },
        keep(name) {
          if (left <= 0 || kept.has(name)) return
          left -= 1
          kept.set(name, nowMs() + NAME_KEPT_MS)
        },
        giveBack() {
          for (; left > 0; left -= 1) leaving.pop()
          refresh()
        },
      }
    },
    settle,
    giveBack,
    queue(kind, who, count = 1) {
      refresh()
      const now = nowMs()
      const places = Math.max(1, most('guard'))
      const inFront = before(kind).reduce(
        (sum, line) => sum + sumOf(lines[line].values()) + waiting[line].length,
        sumOf(inFrontOf(lines[kind], who)),
      )
      const last = inFront + atOnce(kind, count) - 1
      const freeAtMs = (counting[last % places] ?? now + windowMs) + Math.floor(last / places) * windowMs
      const waitMs = Math.max(freeAtMs - now, kind === 'open' || kind === 'ready' ? opensHeldUntilMs - now : 0, SOON * windowMs)
      const againMs = waitMs <= windowMs ? waitMs : Math.max(windowMs, waitMs / 2)
      lines[kind].set(who, { atMs: now + againMs, count: atOnce(kind, count) })
      return againMs
    },
    holdOpens(forMs) {
      opensHeldUntilMs = Math.max(opensHeldUntilMs, nowMs() + forMs)
    },
    async spend(kind, request) {
      await new Promise<void>((leave) => {
        waiting[kind].push(leave)
        refresh()
      })
      try {
        return await request()
      } finally {
        settle()
      }
    },
    everyMs: (part) => windowMs / Math.max(1, share * part),
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

/** @param toldByMs of those alone that were to come by then */
function sumOf(places: Iterable<Place>, toldByMs = Infinity): number {
  let sum = 0
  for (const { atMs, count } of places) if (atMs <= toldByMs) sum += count
  return sum
}

function inFrontOf(line: ReadonlyMap<string, Place>, who: string): Place[] {
  const all = [...line]
  const at = all.findIndex(([one]) => one === who)
  return (at < 0 ? all : all.slice(0, at)).map(([, place]) => place)
}

import { z } from 'zod'

const Delay = z.object({
  kind: z.literal('delay'),
  minMs: z.number().min(0),
  maxMs: z.number().min(0),
  when: z.enum(['request', 'answer']).default('answer'),
})

const Action = z.discriminatedUnion('kind', [
  Delay,
  z.object({ kind: z.literal('drop-before') }),
  z.object({ kind: z.literal('accept-then-drop') }),
  z.object({ kind: z.literal('late-accept'), delayMs: z.number().min(0) }),
  z.object({
    kind: z.literal('status'),
    status: z.number().int().min(200).max(599),
    code: z.number().int().optional(),
    msg: z.string().optional(),
    /** Seconds. */
    retryAfter: z.number().optional(),
    /** Sent instead of `{ code, msg }`: HTML, truncated JSON, anything. */
    body: z.string().optional(),
  }),
  /** So many requests of one address within any such time; those beyond are refused, and count as hits. */
  z.object({ kind: z.literal('address-limit'), requests: z.number().int().min(1), windowMs: z.number().min(1) }),
  z.object({ kind: z.literal('skew-clock'), ms: z.number().int() }),
  z.object({ kind: z.literal('lagging-lookups'), ms: z.number().min(0) }),
  z.object({ kind: z.literal('partial-fills'), parts: z.number().int().min(2).max(20), spacingMs: z.number().int().min(0) }),
  z.object({ kind: z.literal('revoked-key') }),
  z.object({ kind: z.literal('stream'), what: z.enum(['mute', 'dead', 'twice', 'swap', 'cut']) }),
])

const Rule = z.object({
  name: z.string().min(1),
  method: z.string().optional(),
  /** Regular expression on the path, anchored at its beginning: a plain prefix is one. */
  path: z.string().refine(isPattern, 'must be a regular expression').optional(),
  ref: z.string().optional(),
  symbol: z.string().optional(),
  probability: z.number().min(0).max(1).default(1),
  /** So often at most. */
  times: z.number().int().min(1).optional(),
  action: Action,
})

export const Faults = z.object({ seed: z.number().int().default(1), rules: z.array(Rule) })
export type Faults = z.infer<typeof Faults>

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

/** What happens to one request, all rules that hit it taken together. */
export interface FaultPlan {
  requestDelayMs: number
  answerDelayMs: number
  fate: 'normal' | 'drop-before' | 'accept-then-drop' | 'late-accept'
  lateMs: number
  status:
    | { status: number; code: number | undefined; msg: string | undefined; retryAfter: number | undefined; body: string | undefined }
    | undefined
  skewMs: number
  lookupLagMs: number
  split: { parts: number; spacingMs: number } | undefined
  revoked: boolean
  /** Of an event on its way to who listens (method EVENT, path /ws/<its type>), or of an answer to their ping (method PING). */
  stream: 'normal' | 'mute' | 'dead' | 'twice' | 'swap' | 'cut'
}

export interface FaultDesk {
  set(faults: Faults): void
  hits(): readonly { name: string; matched: number; hits: number }[]
  planFor(request: FaultedRequest): FaultPlan
}

interface FaultedRequest {
  readonly method: string
  readonly path: string
  readonly ref: string | undefined
  readonly symbol: string | undefined
  /** Where it comes from. */
  readonly address?: string | undefined
}

interface Armed {
  readonly rule: z.infer<typeof Rule>
  readonly path: RegExp | undefined
  matched: number
  hits: number
  /** Of an address limit: when its last requests came, by address. */
  readonly asked: Map<string, number[]>
}

export function createFaultDesk(): FaultDesk {
  let armed: Armed[] = []
  let random = createRandom(1)

  return {
    set(faults) {
      random = createRandom(faults.seed)
      armed = faults.rules.map((rule) => ({
        rule,
        path: rule.path === undefined ? undefined : new RegExp(`^(?:${rule.path})`),
        matched: 0,
        hits: 0,
        asked: new Map(),
      }))
    },
    hits: () => armed.map(({ rule, matched, hits }) => ({ name: rule.name, matched, hits })),
    planFor(request) {
      const plan = harmless()
      for (const one of armed) {
        if (!matches(one, request)) continue
        one.matched += 1
        if (one.rule.times !== undefined && one.hits >= one.rule.times) continue
        if (random() >= one.rule.probability) continue
        if (isWithinLimit(one, request)) continue
        if (joins(plan, one.rule.action, random)) one.hits += 1
      }
      return plan
    },
  }
}

function isWithinLimit({ rule, asked }: Armed, { address = '' }: FaultedRequest): boolean {
  if (rule.action.kind !== 'address-limit') return false
  const { requests, windowMs } = rule.action
  const now = performance.now()
  const recent = (asked.get(address) ?? []).filter((at) => at > now - windowMs)
  asked.set(address, [...recent, now])
  return recent.length < requests
}

function matches({ rule, path }: Armed, request: FaultedRequest): boolean {
  if (rule.method !== undefined && rule.method.toUpperCase() !== request.method) return false
  if (path !== undefined && !path.test(request.path)) return false
  if (rule.ref !== undefined && rule.ref !== request.ref) return false
  return rule.symbol === undefined || rule.symbol === request.symbol
}

/** Of the actions that decide a request's fate the first one wins; the others add up. */
function joins(plan: FaultPlan, action: z.infer<typeof Action>, random: () => number): boolean {
  switch (action.kind) {
    case 'delay': {
      const ms = action.minMs + random() * Math.max(0, action.maxMs - action.minMs)
      if (action.when === 'request') plan.requestDelayMs += ms
      else plan.answerDelayMs += ms
      return true
    }
    case 'drop-before':
    case 'accept-then-drop':
    case 'late-accept':
      if (isDecided(plan)) return false
      plan.fate = action.kind
      if (action.kind === 'late-accept') plan.lateMs = action.delayMs
      return true
    case 'status':
      if (isDecided(plan)) return false
      plan.status = { status: action.status, code: action.code, msg: action.msg, retryAfter: action.retryAfter, body: action.body }
      return true
    case 'address-limit':
      if (isDecided(plan)) return false
      plan.status = { status: 429, code: -1003, msg: 'Too many requests.', retryAfter: Math.ceil(action.windowMs / 1_000), body: undefined }
      return true
    case 'skew-clock':
      plan.skewMs += action.ms
      return true
    case 'lagging-lookups':
      plan.lookupLagMs = Math.max(plan.lookupLagMs, action.ms)
      return true
    case 'partial-fills':
      plan.split = { parts: action.parts, spacingMs: action.spacingMs }
      return true
    case 'revoked-key':
      plan.revoked = true
      return true
    case 'stream':
      plan.stream = action.what
      return true
  }
}

function isDecided(plan: FaultPlan): boolean {
  return plan.fate !== 'normal' || plan.status !== undefined
}

function harmless(): FaultPlan {
  return {
    requestDelayMs: 0,
    answerDelayMs: 0,
    fate: 'normal',
    lateMs: 0,
    status: undefined,
    skewMs: 0,
    lookupLagMs: 0,
    split: undefined,
    revoked: false,
    stream: 'normal',
  }
}

/** mulberry32: the same seed, the same faults in the same order of requests. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

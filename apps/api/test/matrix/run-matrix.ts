import type { RouteDefinition } from '@matic/contracts'
import type { Db } from '@matic/db'
import { idFields, sampleBody } from './sample.ts'
import { digester, type Person, type World } from './world.ts'

export interface Cast {
  readonly owner: World
  readonly other: Person
  readonly admin: Person
  readonly superAdmin: Person
}

interface MatrixOptions {
  readonly routes: readonly RouteDefinition[]
  readonly url: string
  readonly db: Db
  readonly cast: Cast
}

export interface Matrix {
  /** What is not as the routes declare it. */
  readonly findings: readonly string[]
  readonly calls: number
  /** Routes whose answer to the owner holds something of the owner's: had it gone to anybody else, it would have been found. */
  readonly telling: readonly string[]
}

interface Call {
  readonly route: RouteDefinition
  readonly who: string
  readonly token: string | undefined
  /** Ids of the owner's that stand in the address or the body. */
  readonly sent: readonly string[]
  readonly path: string
  readonly body: unknown
}

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly text: string
}

const POLICIES = ['public', 'user', 'admin', 'super-admin']
/** Whose id a parameter is, by the path before it. The longest that fits decides. */
const PARAMS: Readonly<Record<string, string>> = {
  '/api/auth/sessions/': 'session',
  '/api/bot/rules/': 'account',
  '/api/exchange/api-keys/': 'account',
  '/api/exchange/orders/': 'trade_order',
  '/api/follows/': 'follow',
  '/api/leaders/': 'strategy',
  '/api/strategies/': 'strategy',
  '/api/strategies/:strategyId/followers/': 'follow',
  '/api/orders/': 'trade_order',
  '/api/positions/': 'position',
  '/api/signals/': 'signal',
}
const PLAIN: Readonly<Record<string, string>> = { symbol: 'BTCUSDT', currency: 'USDT' }
const FIELDS: Readonly<Record<string, string>> = {
  strategyId: 'strategy',
  accountId: 'account',
  signalId: 'signal',
  orderId: 'trade_order',
  positionId: 'position',
  shareId: 'position_share',
}
/** What an owner may be told without having been refused for who they are. */
const OWNER_MAY_HEAR = new Set(['CODE_WRONG', 'PASSWORD_WRONG', 'LINK_EXPIRED'])

const AT_ONCE = 6

const nameOf = ({ method, path }: RouteDefinition) => `${method} ${path}`

/** Every route × {nobody, other user, owner, admin, super admin}, judged by the policy that the route declares. */
export async function runMatrix({ routes, url, db, cast }: MatrixOptions): Promise<Matrix> {
  const { owner, other, admin, superAdmin } = cast
  const findings: string[] = []
  const telling: string[] = []
  let calls = 0

  for (const route of routes) if (!POLICIES.includes(route.policy)) findings.push(`${nameOf(route)}: declares no policy`)

  const digest = await digester(db, owner)
  let before = await digest()
  const strangers: readonly [who: string, token: string | undefined][] = [
    ['nobody', undefined],
    ['other user', other.token],
    ['admin', admin.token],
    ['super admin', superAdmin.token],
  ]
  for (const route of routes) {
    const all = strangers.flatMap(([who, token]) => callsOf(route, who, token, owner))
    await Promise.all(all.map(judgeStranger))
    if (await hasChanged()) await blame(all)
  }
  for (const route of routes.filter(({ stepUp }) => stepUp)) await judgeUnproved(route)
  const own = routes.toSorted((a, b) => rank(a) - rank(b))
  for (const some of chunks(own.filter((each) => rank(each) === 0))) await Promise.all(some.map(judgeOwner))
  await Promise.all(own.filter((each) => rank(each) === 1).map(judgeOwner))
  for (const route of own.filter((each) => rank(each) === 2)) await judgeOwner(route)
  return { findings: findings.toSorted(), calls, telling }

  async function send({ route, token, path, body }: Call): Promise<Answer> {
    calls += 1
    const response = await fetch(`${url}${path}`, {
      method: route.method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, code: /"code":"([A-Z_]+)"/.exec(text)?.[1], text }
  }

  async function judgeStranger(call: Call): Promise<void> {
    const { route, who, sent } = call
    const answer = await send(call)
    const say = (what: string) => findings.push(`${nameOf(route)} by ${who}${sent.length > 0 ? ' with an id of the owner' : ''}: ${what}`)
    const wanted = refusal(call)
    if (wanted !== null && answer.status !== wanted) say(`answered ${answer.status} ${answer.code ?? ''}, should be ${wanted}`)
    if (wanted === null && answer.status >= 500 && answer.code !== 'EXCHANGE_UNAVAILABLE')
      say(`failed with ${answer.status} ${answer.code ?? ''}`)
    if (wanted === null && answer.status < 300 && isAddressed(route, sent)) say(`answered ${answer.status} for what is the owner's`)
    if (isForEverybody(call)) return
    // What somebody sent is no news to them.
    const leaked = owner.secrets.filter((secret) => !sent.includes(secret) && answer.text.includes(secret))
    if (leaked.length > 0) say(`told something of the owner's: ${leaked[0]}`)
  }

  /** Since it was last asked. */
  async function hasChanged(): Promise<boolean> {
    const after = await digest()
    const changed = after !== before
    before = after
    return changed
  }

  /** They all ran at once: one after the other says who it was. */
  async function blame(suspects: readonly Call[]): Promise<void> {
    const found: string[] = []
    for (const call of suspects) {
      await send(call)
      if ((await hasChanged()) && !isForEverybody(call))
        found.push(`by ${call.who}${call.sent.length > 0 ? ' with an id of the owner' : ''}`)
    }
    const [first] = suspects
    const mayBeChanged = found.length === 0 && suspects.some(isForEverybody)
    if (first === undefined || mayBeChanged) return
    findings.push(`${nameOf(first.route)} ${found.length === 0 ? 'by somebody, once' : found.join(', ')}: changed something of the owner's`)
  }

  /** What is for administrators is about everybody. */
  function isForEverybody(call: Call): boolean {
    return refusal(call) === null && call.route.policy !== 'user' && call.route.policy !== 'public'
  }

  /** The owner again, who signed in some time ago. */
  async function judgeUnproved(route: RouteDefinition): Promise<void> {
    await db.query('UPDATE session SET proved_at = NULL WHERE user_id = $1', [owner.userId])
    const [call] = callsOf(route, 'owner', owner.token, owner)
    if (call === undefined) return
    const answer = await send(call)
    if (answer.code !== 'STEP_UP_REQUIRED') findings.push(`${nameOf(route)}: asks for no proof (${answer.status} ${answer.code ?? ''})`)
    await db.query('UPDATE session SET proved_at = now() WHERE user_id = $1', [owner.userId])
  }

  async function judgeOwner(route: RouteDefinition): Promise<void> {
    for (const call of callsOf(route, 'owner', owner.token, owner)) await judgeOwn(call)
  }

  async function judgeOwn(call: Call): Promise<void> {
    const { route } = call
    const { status, code, text } = await send(call)
    if (route.policy === 'admin' || route.policy === 'super-admin') {
      if (status !== 403) findings.push(`${nameOf(route)} by owner: answered ${status}, should be 403`)
      return
    }
    if (owner.secrets.some((secret) => text.includes(secret) && !call.sent.includes(secret))) telling.push(nameOf(route))
    const isFine = status < 300 || status === 409 || status === 422 || code === 'EXCHANGE_UNAVAILABLE' || OWNER_MAY_HEAR.has(code ?? '')
    if (route.policy === 'user' && !isFine)
      findings.push(`${nameOf(route)} by owner: answered ${status} ${code ?? ''} ${text.slice(0, 200)}`)
  }

  /** The status that the route's policy asks for; null: any that is no failure of ours. */
  function refusal({ route, who, sent }: Call): number | null {
    if (route.policy === 'public') return null
    if (who === 'nobody') return 401
    if (route.policy === 'super-admin' && who !== 'super admin') return 403
    if (route.policy === 'admin' && who === 'other user') return 403
    return route.policy === 'user' && isAddressed(route, sent) ? 404 : null
  }
}

function chunks<Each>(list: readonly Each[]): Each[][] {
  return Array.from({ length: Math.ceil(list.length / AT_ONCE) }, (_, index) => list.slice(index * AT_ONCE, (index + 1) * AT_ONCE))
}

/** Is it the owner's thing that the address itself names? */
function isAddressed(route: RouteDefinition, sent: readonly string[]): boolean {
  return route.policy === 'user' && sent.length > 0 && Object.keys(PARAMS).some((start) => route.path.startsWith(`${start}:`))
}

/** The route with what is the owner's wherever an id can stand; last the one with the fewest of them left out. */
function callsOf(route: RouteDefinition, who: string, token: string | undefined, owner: World): Call[] {
  const { path, ids } = addressOf(route, owner)
  const body = sampleBody(route)
  const fields = idFields(route)
  const plain: Call = { route, who, token, sent: ids, path, body }
  const idOf = (field: string): string => {
    const id = owner.ids[FIELDS[field] ?? '']
    if (id === undefined) throw new Error(`${nameOf(route)}: say in FIELDS of apps/api/test/matrix/run-matrix.ts whose id ${field} is`)
    return id
  }
  const asked: readonly string[] = fields.query
  const written: readonly string[] = route.method === 'GET' || route.method === 'DELETE' ? [] : fields.body
  if (asked.length === 0 && written.length === 0) return [plain]
  const query = new URLSearchParams(Object.fromEntries(asked.map((field) => [field, idOf(field)])))
  const more = Object.fromEntries(written.map((field) => [field, idOf(field)]))
  const named: Call = {
    ...plain,
    sent: [...ids, ...[...asked, ...written].map(idOf)],
    path: asked.length === 0 ? path : `${path}?${query.toString()}`,
    body: written.length === 0 ? body : { ...(typeof body === 'object' ? body : {}), ...more },
  }
  return needsIds(route, body, written) ? [named] : [plain, named]
}

/** Is the body nothing without what it names? */
function needsIds(route: RouteDefinition, body: unknown, fields: readonly string[]): boolean {
  if (typeof body !== 'object' || body === null || fields.length === 0) return false
  const without = Object.fromEntries(Object.entries(body).filter(([name]) => !fields.includes(name)))
  return !route.body.safeParse(without).success
}

function addressOf(route: RouteDefinition, owner: World): { path: string; ids: string[] } {
  const ids: string[] = []
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string, at: number) => {
    const plain = PLAIN[name]
    if (plain !== undefined) return plain
    const start = Object.keys(PARAMS)
      .filter((each) => route.path.slice(0, at).startsWith(each))
      .toSorted((a, b) => b.length - a.length)[0]
    const id = start === undefined ? undefined : owner.ids[PARAMS[start] ?? '']
    if (id === undefined) throw new Error(`${nameOf(route)}: say in PARAMS of apps/api/test/matrix/run-matrix.ts whose id :${name} is`)
    ids.push(id)
    return id
  })
  return { path, ids }
}

/** Reading first, what ends things last. */
function rank({ method, path }: RouteDefinition): number {
  if (method === 'GET') return 0
  return method === 'DELETE' || path.startsWith('/api/auth/') ? 2 : 1
}

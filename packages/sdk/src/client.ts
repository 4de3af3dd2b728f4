import { PageMeta, type RouteDefinition } from '@matic/contracts'
import { z } from 'zod'
import { ApiError, isErrorCode } from './api-error.ts'
import { singleFlight } from './single-flight.ts'

export interface ClientOptions {
  /** Where the API lives; empty for the page's own origin. */
  readonly baseUrl: string
  readonly getAccessToken: () => string | null
  /** Tries to get a new access token. True: there is one, the call is sent once more. */
  readonly onUnauthenticated?: () => Promise<boolean>
  /** Lets the person prove again who they are. True: proved, the call is sent once more. */
  readonly onStepUp?: () => Promise<boolean>
  readonly fetch?: typeof globalThis.fetch
  /** Milliseconds until an unanswered call is given up. */
  readonly timeoutMs?: number
}

type Key<Name extends string, Value, May extends boolean> = May extends true
  ? { readonly [K in Name]?: Value }
  : { readonly [K in Name]: Value }
type MayBeLeftOut<Value> = undefined extends Value ? true : false
/** A query of optional parts alone may be left out as a whole. */
type QueryMayBeLeftOut<Value> = undefined extends Value ? true : Record<never, never> extends Value ? true : false

/** What a route asks for; parts it does not need may be left out. */
export type CallInput<R extends RouteDefinition> = Key<'params', z.input<R['params']>, MayBeLeftOut<z.input<R['params']>>> &
  Key<'query', z.input<R['query']>, QueryMayBeLeftOut<z.input<R['query']>>> &
  Key<'body', z.input<R['body']>, MayBeLeftOut<z.input<R['body']>>> & { readonly signal?: AbortSignal }

type CallArguments<R extends RouteDefinition> = Record<never, never> extends CallInput<R> ? [input?: CallInput<R>] : [input: CallInput<R>]

export interface Answer<T> {
  readonly data: T
  readonly message: string | null
  readonly meta: PageMeta | null
  /** 200, or 202 where the exchange has not answered yet. */
  readonly status: number
}

export interface Client {
  /** The route's data. Throws ApiError, and nothing else but an AbortError of the caller's own signal. */
  call<R extends RouteDefinition>(route: R, ...input: CallArguments<R>): Promise<z.output<R['response']>>
  /** The same with what stands beside the data: page numbers, message, status. */
  request<R extends RouteDefinition>(route: R, ...input: CallArguments<R>): Promise<Answer<z.output<R['response']>>>
}

const Success = z.object({ success: z.literal(true), data: z.unknown(), message: z.string().optional(), meta: PageMeta.optional() })
const Failure = z.object({
  success: z.literal(false),
  message: z.string(),
  error: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()).optional(), requestId: z.string().optional() }),
})

const renewable = new Set(['UNAUTHENTICATED', 'TOKEN_EXPIRED'])

export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis)
  const { onUnauthenticated, onStepUp } = options
  const renew = singleFlight(async () => (onUnauthenticated === undefined ? false : onUnauthenticated()))
  const prove = singleFlight(async () => (onStepUp === undefined ? false : onStepUp()))

  async function request(route: RouteDefinition, input: LooseInput = {}): Promise<Answer<unknown>> {
    try {
      return await requestSignedIn(route, input)
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'STEP_UP_REQUIRED' || !(await prove())) throw error
      return requestSignedIn(route, input)
    }
  }

  async function requestSignedIn(route: RouteDefinition, input: LooseInput): Promise<Answer<unknown>> {
    const tokenUsed = options.getAccessToken()
    try {
      return await attempt(route, input, tokenUsed)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401 || !renewable.has(error.code) || route.policy === 'public') throw error
      // Another call may have renewed it while this one was on its way.
      const renewed = options.getAccessToken() !== tokenUsed || (await renew())
      if (!renewed) throw error
      return attempt(route, input, options.getAccessToken())
    }
  }

  async function attempt(route: RouteDefinition, input: LooseInput, token: string | null): Promise<Answer<unknown>> {
    const response = await deliver(route, input, token)
    const text = await response.text().catch(() => '')
    return understand(route, response, text)
  }

  async function deliver(route: RouteDefinition, input: LooseInput, token: string | null): Promise<Response> {
    const deadline = AbortSignal.timeout(options.timeoutMs ?? 15_000)
    const hasBody = input.body !== undefined
    try {
      return await send(options.baseUrl + pathOf(route, input), {
        method: route.method,
        credentials: 'same-origin',
        headers: {
          accept: 'application/json',
          ...(hasBody ? { 'content-type': 'application/json' } : {}),
          ...(token === null || route.policy === 'public' ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(hasBody ? { body: JSON.stringify(input.body) } : {}),
        signal: input.signal === undefined ? deadline : AbortSignal.any([deadline, input.signal]),
      })
    } catch (cause) {
      if (input.signal?.aborted === true) throw cause
      const message = deadline.aborted ? 'The server did not answer in time.' : 'The server cannot be reached.'
      throw new ApiError({ code: 'UNREACHABLE', message, cause })
    }
  }

  const client: { call: unknown; request: unknown } = {
    request,
    call: async (route: RouteDefinition, input?: LooseInput) => (await request(route, input)).data,
  }
  return client as Client
}

interface LooseInput {
  readonly params?: unknown
  readonly query?: unknown
  readonly body?: unknown
  readonly signal?: AbortSignal
}

function understand(route: RouteDefinition, response: Response, text: string): Answer<unknown> {
  const { status } = response
  const requestId = response.headers.get('x-request-id')
  const envelope = parseJson(text)

  const failure = Failure.safeParse(envelope)
  if (failure.success) {
    const { code, details, requestId: ownId } = failure.data.error
    const known = isErrorCode(code) ? code : 'ANSWER_NOT_UNDERSTOOD'
    throw new ApiError({ code: known, message: failure.data.message, details, requestId: ownId ?? requestId, status })
  }

  // A proxy in front answers in its own words when the API is away.
  if (status >= 502 && status <= 504)
    throw new ApiError({ code: 'UNREACHABLE', message: 'The server is starting or away.', requestId, status })

  if (route.produces === 'csv' && response.ok) return { data: text, message: null, meta: null, status }
  const success = Success.safeParse(envelope)
  const data = success.success ? route.response.safeParse(success.data.data) : null
  if (!success.success || data === null || !data.success) {
    const cause = data?.error ?? success.error
    throw new ApiError({
      code: 'ANSWER_NOT_UNDERSTOOD',
      message: `The answer of ${route.method} ${route.path} has an unexpected shape.`,
      requestId,
      status,
      cause,
    })
  }
  return { data: data.data, message: success.data.message ?? null, meta: success.data.meta ?? null, status }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function pathOf(route: RouteDefinition, input: LooseInput): string {
  const params = asRecord(input.params)
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined) throw new TypeError(`${route.path} needs the parameter ${name}`)
    return encodeURIComponent(String(value))
  })
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(asRecord(input.query))) {
    if (value !== undefined && value !== null) search.set(name, String(value))
  }
  return search.size === 0 ? path : `${path}?${search}`
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

import { z } from 'zod'
import type { ErrorCode } from './errors.ts'

export type HttpMethod = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
/** public: anyone. user: any signed-in person, own data. admin: ADMIN and above. super-admin: SUPER_ADMIN alone. */
export type RoutePolicy = 'public' | 'user' | 'admin' | 'super-admin'

export interface RouteDefinition {
  readonly method: HttpMethod
  /** Express path, such as /api/markets/:symbol. */
  readonly path: string
  readonly policy: RoutePolicy
  /** Asks for a fresh re-authentication. */
  readonly stepUp: boolean
  readonly summary: string
  readonly params: z.ZodType
  readonly query: z.ZodType
  readonly body: z.ZodType
  readonly response: z.ZodType
  /** csv: the answer is the text itself, as a file; failures stay JSON. */
  readonly produces: 'json' | 'csv'
  readonly errors: readonly ErrorCode[]
}

type RouteInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> = {
  method: HttpMethod
  path: string
  policy: RoutePolicy
  stepUp?: boolean
  summary: string
  params?: P
  query?: Q
  body?: B
  response: R
  produces?: 'json' | 'csv'
  errors?: readonly ErrorCode[]
}

export type Route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> = RouteDefinition & {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly response: R
}

const Nothing = z.object({}).optional()
type Nothing = typeof Nothing

/** One HTTP route: handlers, the typed client and the API reference all come from it. */
export function defineRoute<
  R extends z.ZodType,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(input: RouteInput<P, Q, B, R>): Route<P, Q, B, R> {
  return {
    method: input.method,
    path: input.path,
    policy: input.policy,
    stepUp: input.stepUp ?? false,
    summary: input.summary,
    params: (input.params ?? Nothing) as P,
    query: (input.query ?? Nothing) as Q,
    body: (input.body ?? Nothing) as B,
    response: input.response,
    produces: input.produces ?? 'json',
    errors: input.errors ?? [],
  }
}

/** Success envelope: { success: true, data, message?, meta? }. */
export interface SuccessEnvelope<T> {
  success: true
  data: T
  message?: string
  meta?: PageMeta
}
export interface FailureEnvelope {
  success: false
  message: string
  error: { code: ErrorCode; details?: Record<string, unknown>; requestId: string }
}

export const PageMeta = z.object({ page: z.number(), limit: z.number(), total: z.number() })
export type PageMeta = z.infer<typeof PageMeta>

export const PageQuery = z.object({
  page: z.coerce.number().int().min(1).default(1),
  limit: z.coerce.number().int().min(1).max(1_000).default(20),
})

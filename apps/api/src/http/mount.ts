import { AppError, InvariantError, type PageMeta, type RouteDefinition } from '@matic/contracts'
import { authenticate, refuseUnproved, type Actor } from '@matic/services/auth/index'
import type { Request, RequestHandler, Response, Router } from 'express'
import type { z } from 'zod'
import type { ApiContext } from '../context.ts'
import { findUnstorable } from './unstorable.ts'

export interface Call<R extends RouteDefinition, Who> {
  readonly ctx: ApiContext
  readonly params: z.output<R['params']>
  readonly query: z.output<R['query']>
  readonly body: z.output<R['body']>
  readonly actor: Who
  readonly req: Request
  readonly res: Response
}

export interface Reply<R extends RouteDefinition> {
  readonly data: z.input<R['response']>
  readonly status?: 200 | 202
  readonly message?: string
  readonly meta?: PageMeta
  /** For routes that produce csv. */
  readonly fileName?: string
}

/** A route together with what answers it. */
export interface Mounted {
  readonly route: RouteDefinition
  answer(ctx: ApiContext, req: Request, res: Response): Promise<Reply<RouteDefinition>>
}

/** For signed-in people, as the route's policy says. */
export function mount<R extends RouteDefinition>(route: R, handle: (call: Call<R, Actor>) => Promise<Reply<R>>): Mounted {
  if (route.policy === 'public') throw new InvariantError(`${route.path} is public: mount it with mountPublic`)
  return {
    route,
    async answer(ctx, req, res) {
      const actor = await authorise(ctx, route, req)
      const asked = parse(route, req)
      return ctx.turns.take(actor.userId, () => handle({ ctx, ...asked, actor, req, res }))
    },
  }
}

/** For anyone. */
export function mountPublic<R extends RouteDefinition>(route: R, handle: (call: Call<R, null>) => Promise<Reply<R>>): Mounted {
  if (route.policy !== 'public') throw new InvariantError(`${route.path} is for ${route.policy}: mount it with mount`)
  return { route, answer: async (ctx, req, res) => handle({ ctx, ...parse(route, req), actor: null, req, res }) }
}

/** @throws InvariantError at start, for a route without a policy, mounted twice, or not mounted at all */
export function attach({
  router,
  ctx,
  mounted,
  expected,
}: {
  router: Router
  ctx: ApiContext
  mounted: readonly Mounted[]
  expected: readonly RouteDefinition[]
}): void {
  const seen = new Set<string>()
  for (const { route, answer } of mounted) {
    const name = `${route.method} ${route.path}`
    if (!['public', 'user', 'admin', 'super-admin'].includes(route.policy)) throw new InvariantError(`${name} has no policy`)
    if (seen.has(name)) throw new InvariantError(`${name} is mounted twice`)
    seen.add(name)
    const handler: RequestHandler = async (req, res) => send(route, res, await answer(ctx, req, res))
    register(router, route, handler)
  }
  const missing = expected.map((route) => `${route.method} ${route.path}`).filter((name) => !seen.has(name))
  if (missing.length > 0) throw new InvariantError(`Not mounted: ${missing.join(', ')}`)
}

function register(router: Router, route: RouteDefinition, handler: RequestHandler): void {
  switch (route.method) {
    case 'GET':
      return void router.get(route.path, handler)
    case 'POST':
      return void router.post(route.path, handler)
    case 'PATCH':
      return void router.patch(route.path, handler)
    case 'PUT':
      return void router.put(route.path, handler)
    case 'DELETE':
      return void router.delete(route.path, handler)
  }
}

const ADMINS: readonly Actor['role'][] = ['ADMIN', 'SUPER_ADMIN']

async function authorise(ctx: ApiContext, route: RouteDefinition, req: Request): Promise<Actor> {
  const [scheme, token] = (req.headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || token === '') throw new AppError('UNAUTHENTICATED', 'Sign in to go on')
  const actor = await authenticate({ ctx, input: { accessToken: token } })
  if (route.policy === 'admin' && !ADMINS.includes(actor.role)) throw new AppError('FORBIDDEN', 'This is for administrators')
  if (route.policy === 'super-admin' && actor.role !== 'SUPER_ADMIN') throw new AppError('FORBIDDEN', 'This is for the main administrator')
  const isForAdmins = route.policy === 'admin' || route.policy === 'super-admin'
  if (isForAdmins && ctx.adminsNeedTwoStep && !actor.hasTwoStep)
    throw new AppError('TWO_STEP_NEEDED', 'Administrators need two-step sign-in. Switch it on first.')
  await ctx.requestLimit.consume(actor.userId)
  if (route.stepUp) await refuseUnproved({ ctx, input: { actor } })
  return actor
}

function parse<R extends RouteDefinition>(
  route: R,
  req: Request,
): { params: z.output<R['params']>; query: z.output<R['query']>; body: z.output<R['body']> } {
  return {
    params: part<R['params']>(route.params, 'params', req.params),
    query: part<R['query']>(route.query, 'query', req.query),
    body: part<R['body']>(route.body, 'body', req.body),
  }
}

function part<S extends z.ZodType>(schema: S, name: string, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) {
    const field = findUnstorable(parsed.data, name)
    if (field === undefined) return parsed.data
    throw new AppError('VALIDATION_FAILED', 'Some fields are not right', { details: { [field]: ['Has a character that is no text'] } })
  }
  throw new AppError('VALIDATION_FAILED', 'Some fields are not right', { details: fieldErrors(name, parsed.error) })
}

/** One entry a field: `quantity` → what to fix. */
function fieldErrors(part: string, error: z.ZodError): Record<string, readonly string[]> {
  const fields: Record<string, string[]> = {}
  for (const issue of error.issues) {
    const field = issue.path.length === 0 ? part : issue.path.join('.')
    fields[field] = [...(fields[field] ?? []), issue.message]
  }
  return fields
}

/** What leaves is what the contract says and no column more. */
function send(route: RouteDefinition, res: Response, reply: Reply<RouteDefinition>): void {
  const { data, status = 200, message, meta, fileName } = reply
  if (route.produces === 'csv') {
    if (fileName !== undefined) res.attachment(fileName)
    return void res.status(status).type('text/csv; charset=utf-8; header=present').send(route.response.parse(data))
  }
  res.status(status).json({
    success: true,
    data: route.response.parse(data),
    ...(message === undefined ? {} : { message }),
    ...(meta === undefined ? {} : { meta }),
  })
}

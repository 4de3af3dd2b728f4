import type { RouteDefinition } from '@matic/contracts'
import { z } from 'zod'

/** Bodies that rules beyond types ask for. Everything else is made from the route's own schema. */
const BODIES: Readonly<Record<string, object>> = {
  'POST /api/auth/register': { email: 'matrix@matic.test', password: 'three words no order', fullName: 'Matrix' },
  'POST /api/exchange/order': { symbol: 'BTCUSDT', side: 'buy', quantity: '1' },
  'POST /api/exchange/close-position': { symbol: 'BTCUSDT' },
  'POST /api/orders': { symbol: 'BTCUSDT', side: 'buy', quantity: '1' },
  'PUT /api/orders/:id': { price: '90' },
  'PUT /api/positions/:id/tp-sl': { stopLoss: '0.5' },
  'POST /api/follows': {
    strategyId: '00000000-0000-4000-8000-000000000000',
    accountId: '00000000-0000-4000-8000-000000000000',
    settings: { sizing: { mode: 'ratio', ratio: '1' } },
  },
  'POST /api/strategies/:strategyId/copyability': { equity: '1000', settings: { sizing: { mode: 'ratio', ratio: '1' } } },
  'POST /api/strategies/:strategyId/example': {
    accountId: '00000000-0000-4000-8000-000000000000',
    settings: { sizing: { mode: 'ratio', ratio: '1' } },
  },
  'POST /api/follows/:followId/repair': { symbol: 'BTCUSDT' },
  'POST /api/signals/dry-run': { body: '{"symbol":"BTCUSDT","action":"buy"}' },
  'POST /api/exchange/api-keys': { exchange: 'BINANCE', environment: 'DEMO', apiKey: 'matrix-api-key', secretKey: 'matrix-secret-key' },
}

const Shape = z.object({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  minLength: z.number().optional(),
  minimum: z.number().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  anyOf: z.array(z.unknown()).optional(),
})

/** A body that the route takes. @throws Error that says what to add when none can be made */
export function sampleBody(route: RouteDefinition): unknown {
  const name = `${route.method} ${route.path}`
  if (route.method === 'GET' || route.method === 'DELETE') return undefined
  const candidates = [BODIES[name], {}, sample(schemaOf(route.body)), undefined]
  const taken = candidates.find((candidate) => candidate !== undefined && route.body.safeParse(candidate).success)
  if (taken !== undefined) return taken
  if (route.body.safeParse(undefined).success) return undefined
  throw new Error(`${name}: no body could be made from its schema. Add one to BODIES in apps/api/test/matrix/sample.ts`)
}

/** Fields of query and body that hold an id of something, such as accountId. */
export function idFields(route: RouteDefinition): { query: readonly string[]; body: readonly string[] } {
  const named = (schema: z.ZodType) =>
    Object.keys(Shape.catch({}).parse(schemaOf(schema)).properties ?? {}).filter((name) => /^[a-z]+Id$/.test(name))
  return { query: named(route.query), body: named(route.body) }
}

function schemaOf(schema: z.ZodType): unknown {
  const made: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  // What is optional as a whole is described by what it is when it is there.
  const { anyOf } = Shape.catch({}).parse(made)
  return anyOf?.[0] ?? made
}

function sample(schema: unknown): unknown {
  const shape = Shape.catch({}).parse(schema)
  if (shape.const !== undefined) return shape.const
  if (shape.enum !== undefined) return shape.enum[0]
  if (shape.anyOf !== undefined) return sample(shape.anyOf[0])
  switch (shape.type) {
    case 'object':
      return Object.fromEntries((shape.required ?? []).map((name) => [name, sample(shape.properties?.[name])]))
    case 'array':
      return []
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return Math.max(1, shape.minimum ?? 1)
    case 'string':
      return text(shape)
    default:
      return '1'
  }
}

function text({ format, pattern, minLength }: z.infer<typeof Shape>): string {
  if (format === 'email') return 'matrix@matic.test'
  if (format === 'uuid') return '018f0000-0000-7000-8000-000000000000'
  if (pattern === '^\\d{6}$') return '123456'
  if (pattern !== undefined) return '1'
  return 'matrix words here'.padEnd(minLength ?? 0, 'x')
}

import { z } from 'zod'
import { ERROR_STATUS, type ErrorCode } from './errors.ts'
import type { RouteDefinition } from './http.ts'
import { routes } from './routes/index.ts'
import { Health, oneAddress, OneAddressAnswer, Readiness, webhook, WebhookAnswer } from './routes/system.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly responses: Readonly<Record<string, OpenApiResponse>>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: JsonSchema
}

export interface OpenApiResponse {
  readonly description: string
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: Readonly<Record<string, unknown>>
}

const ABOUT = `Answers are \`{ success: true, data, message?, meta? }\` or \`{ success: false, message, error: { code, details?, requestId } }\`.
Decimals are strings on the way out; on the way in strings and numbers are taken. Lists take \`page\` and \`limit\` and answer \`meta\`.
Sign in at /api/auth/login and send the access token as \`Authorization: Bearer …\`; it lives 15 minutes, /api/auth/refresh gives the next.`

const WHO: Readonly<Record<RouteDefinition['policy'], string>> = {
  public: 'For anyone.',
  user: 'For a signed-in person, about their own data.',
  admin: 'For administrators.',
  'super-admin': 'For the main administrator.',
}

/** The API as OpenAPI 3.1, made of the very objects that handlers and the typed client are made of. */
export function createOpenApi(version: string): OpenApiDocument {
  const groups = Object.entries(routes).map(([group, definitions]) => [group, Object.entries<RouteDefinition>(definitions)] as const)
  const paths: Record<string, Record<string, Operation>> = {}
  const add = (path: string, method: string, operation: Operation): void => {
    paths[path] = { ...paths[path], [method]: operation }
  }

  add(pathOf(webhook), 'post', webhookOperation())
  add(pathOf(oneAddress), 'post', oneAddressOperation())
  for (const [group, definitions] of groups) {
    for (const [name, route] of definitions) add(pathOf(route), route.method.toLowerCase(), operationOf(group, name, route))
  }
  add('/health', 'get', bare('health', 'Is the process there?', { 200: Health }))
  add('/api/webhook/health', 'get', bare('webhook', 'Is the door there?', { 200: Health }))
  add('/api/health/live', 'get', bare('live', 'Is the process there?', { 200: Health }))
  add(
    '/api/health/ready',
    'get',
    bare('ready', 'Can alerts be stored, and what is missing behind the door?', { 200: Readiness, 503: Readiness }),
  )

  return {
    openapi: '3.1.0',
    info: { title: 'Matic Trade', version, description: ABOUT },
    servers: [{ url: '/' }],
    tags: ['webhook', ...groups.map(([group]) => group), 'health'].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Failure: failureSchema() },
    },
  }
}

function operationOf(group: string, name: string, route: RouteDefinition): Operation {
  const parameters = [...parametersOf('path', route.params), ...parametersOf('query', route.query)]
  const body = schemaOf(route.body, 'input')
  const takesBody = route.method !== 'GET' && body['type'] === 'object' && Object.keys(Object(body['properties'])).length > 0
  return {
    operationId: `${group}.${name}`,
    summary: route.summary,
    description: [WHO[route.policy], ...(route.stepUp ? ['Asks for a fresh sign-in.'] : [])].join(' '),
    tags: [group],
    security: route.policy === 'public' ? [] : [{ bearer: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(takesBody ? { requestBody: { required: true, content: json(body) } } : {}),
    responses: {
      200: { description: 'Done', content: json(successSchema(schemaOf(route.response, 'output'))) },
      ...failures([...route.errors, ...(route.policy === 'public' ? [] : (['UNAUTHENTICATED', 'TOKEN_EXPIRED'] as const))]),
    },
  }
}

function webhookOperation(): Operation {
  return {
    operationId: 'webhook.deliver',
    summary: webhook.summary,
    description:
      'The content type is ignored: JSON or text, up to 16 kB. 2xx means stored for good; the decision follows within milliseconds. Unknown keys are kept and do no harm.',
    tags: ['webhook'],
    security: [],
    parameters: parametersOf('path', webhook.params),
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { type: 'object', additionalProperties: true } },
        'text/plain': { schema: { type: 'string' } },
      },
    },
    responses: { 200: { description: 'Stored', content: json(schemaOf(WebhookAnswer, 'output')) }, ...failures(webhook.errors) },
  }
}

function oneAddressOperation(): Operation {
  return {
    operationId: 'webhook.oneAddress',
    summary: oneAddress.summary,
    description: 'For senders that cannot have an address for each person.',
    tags: ['webhook'],
    security: [],
    requestBody: { required: true, content: json(schemaOf(oneAddress.body, 'input')) },
    responses: { 200: { description: 'Stored', content: json(schemaOf(OneAddressAnswer, 'output')) }, ...failures(oneAddress.errors) },
  }
}

function bare(name: string, summary: string, answers: Readonly<Record<number, z.ZodType>>): Operation {
  const responses = Object.entries(answers).map(([status, schema]) => [
    status,
    { description: status === '200' ? 'Yes' : 'No', content: json(schemaOf(schema, 'output')) },
  ])
  return { operationId: `health.${name}`, summary, tags: ['health'], security: [], responses: Object.fromEntries(responses) }
}

/** /api/orders/:id → /api/orders/{id} */
function pathOf({ path }: { path: string }): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

function parametersOf(where: 'path' | 'query', schema: z.ZodType): Parameter[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as { properties?: Record<string, JsonSchema>; required?: string[] }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }))
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function successSchema(data: JsonSchema): JsonSchema {
  return {
    type: 'object',
    required: ['success', 'data'],
    properties: { success: { const: true }, data, message: { type: 'string' }, meta: { type: 'object' } },
  }
}

function failureSchema(): JsonSchema {
  return {
    type: 'object',
    required: ['success', 'message', 'error'],
    properties: {
      success: { const: false },
      message: { type: 'string', description: 'For people' },
      error: {
        type: 'object',
        required: ['code', 'requestId'],
        properties: { code: { enum: Object.keys(ERROR_STATUS) }, details: { type: 'object' }, requestId: { type: 'string' } },
      },
    },
  }
}

function failures(codes: readonly ErrorCode[]): Record<string, OpenApiResponse> {
  const byStatus = Map.groupBy(new Set<ErrorCode>(codes), (code) => ERROR_STATUS[code])
  return Object.fromEntries(
    [...byStatus].map(([status, these]) => [
      String(status),
      { description: these.join(', '), content: json({ $ref: '#/components/schemas/Failure' }) },
    ]),
  )
}

function json(schema: JsonSchema): Readonly<Record<string, { schema: JsonSchema }>> {
  return { 'application/json': { schema } }
}

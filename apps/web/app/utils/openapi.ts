import type { JsonSchema, OpenApiDocument, Operation } from '@matic/contracts'

export interface ShownOperation {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

/** The routes that have all of the wanted words in their address, name or summary, by group. */
export function groupOperations(
  reference: OpenApiDocument | null,
  wanted: string,
): readonly { readonly name: string; readonly operations: readonly ShownOperation[] }[] {
  if (reference === null) return []
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  const all = Object.entries(reference.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const found = all.filter(({ method, path, operation }) => {
    const text = `${method} ${path} ${operation.operationId} ${operation.summary}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  return reference.tags
    .map(({ name }) => ({ name, operations: found.filter(({ operation }) => operation.tags.includes(name)) }))
    .filter(({ operations }) => operations.length > 0)
}

export interface SchemaField {
  readonly name: string
  readonly type: string
  readonly description: string
  readonly isRequired: boolean
  readonly schema: JsonSchema
}

/** The fields of an object, of the objects in a list, or of the first object among alternatives. */
export function fieldsOf(schema: JsonSchema): readonly SchemaField[] {
  const object = objectIn(schema)
  if (object === undefined) return []
  const required = Array.isArray(object['required']) ? object['required'] : []
  return Object.entries(recordOf(object['properties'])).map(([name, value]) => {
    const property = recordOf(value)
    const { description } = property
    return {
      name,
      type: typeWord(property),
      description: typeof description === 'string' ? description : '',
      isRequired: required.includes(name),
      schema: property,
    }
  })
}

/** "string", "list of object", "buy | sell", "string or null" */
export function typeWord(schema: JsonSchema): string {
  const { type, enum: values, const: only, anyOf, items } = schema
  if (only !== undefined) return JSON.stringify(only)
  if (Array.isArray(values)) return values.map(String).join(' | ')
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((each) => typeWord(recordOf(each))))].join(' or ')
  if (type === 'array') return `list of ${typeWord(recordOf(items))}`
  return typeof type === 'string' ? type : 'anything'
}

/** What is inside the envelope. */
export function dataOfAnswer(schema: JsonSchema | undefined): JsonSchema | undefined {
  if (schema === undefined) return undefined
  const data = recordOf(schema['properties'])['data']
  return data === undefined ? schema : recordOf(data)
}

export function curlOf(method: string, path: string, operation: Operation, origin: string): string {
  const schema = operation.requestBody?.content['application/json']?.schema
  const example = schema === undefined ? undefined : exampleOf(schema)
  return [
    `curl -X ${method.toUpperCase()} '${origin}${path}'`,
    ...(operation.security.length > 0 ? [`  -H 'authorization: Bearer <access token>'`] : []),
    ...(example === undefined ? [] : [`  -H 'content-type: application/json'`, `  -d '${JSON.stringify(example)}'`]),
  ].join(' \\\n')
}

function exampleOf(schema: JsonSchema): unknown {
  const { type, enum: values, default: standard, anyOf } = schema
  if (standard !== undefined) return standard
  if (Array.isArray(values)) return values[0]
  if (Array.isArray(anyOf)) return exampleOf(recordOf(anyOf[0]))
  switch (type) {
    case 'object':
      return Object.fromEntries(
        fieldsOf(schema)
          .filter(({ isRequired }) => isRequired)
          .map(({ name, schema: field }) => [name, exampleOf(field)]),
      )
    case 'array':
      return []
    case 'boolean':
      return true
    case 'integer':
    case 'number':
      return 1
    default:
      return '…'
  }
}

function objectIn(schema: JsonSchema): JsonSchema | undefined {
  if (schema['type'] === 'object') return schema
  if (schema['type'] === 'array') return objectIn(recordOf(schema['items']))
  const { anyOf } = schema
  return Array.isArray(anyOf) ? anyOf.map((each) => objectIn(recordOf(each))).find((each) => each !== undefined) : undefined
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

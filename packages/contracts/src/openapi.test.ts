import { describe, expect, it } from 'vitest'
import type { RouteDefinition } from './http.ts'
import { createOpenApi } from './openapi.ts'
import { routes } from './routes/index.ts'

const document = createOpenApi('1.0.0')
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))

describe('the API as OpenAPI', () => {
  it('has every route of the contracts, once, under a name of its own', () => {
    const all = Object.values(routes).flatMap((group): RouteDefinition[] => Object.values(group))
    for (const { method, path } of all) {
      expect(document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]).toHaveProperty(method.toLowerCase())
    }
    // The door, its one address for everybody, and four on health.
    expect(operations.length).toBe(all.length + 6)
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  })

  it('names each part of an address as a parameter', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const operation of Object.values(methods)) {
        expect((operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(named)
      }
    }
  })

  it('asks for a token exactly where a route does', () => {
    const { login } = routes.auth
    expect(document.paths[login.path]?.['post']?.security).toEqual([])
    expect(document.paths['/api/bot/settings']?.['get']?.security).toEqual([{ bearer: [] }])
  })

  it('is plain JSON, with the body of a request and the answer in it', () => {
    const text = JSON.stringify(document)
    expect(JSON.parse(text)).toEqual(document)
    const toggle = document.paths['/api/bot/toggle']?.['post']
    expect(toggle?.requestBody?.content['application/json']?.schema).toMatchObject({
      properties: { enabled: { type: 'boolean' } },
      required: ['enabled'],
    })
    expect(toggle?.responses['200']?.content?.['application/json']?.schema).toMatchObject({
      properties: { data: { properties: { isEnabled: { type: 'boolean' } } } },
    })
    expect(document.paths['/api/webhook/{userId}/{token}']?.['post']?.responses).toHaveProperty('404')
  })
})

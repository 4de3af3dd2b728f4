import { describe, expect, it } from 'vitest'
import { createOrigins } from './origins.ts'

describe('pages that may use the login', () => {
  const production = createOrigins({ frontendUrl: 'https://trade.example.org/app', production: true })
  const development = createOrigins({ frontendUrl: 'http://localhost:3000', production: false })

  it.each([
    [{ origin: 'https://trade.example.org' }, true],
    [{ origin: 'http://trade.example.org' }, false],
    [{ origin: 'https://trade.example.org.evil.test' }, false],
    [{ origin: 'https://evil.test' }, false],
    [{ origin: 'null' }, false],
    [{}, true],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
  ])('in production %j: %s', (headers, allowed) => {
    expect(production.allows(headers)).toBe(allowed)
  })

  it.each([
    [{ origin: 'http://127.0.0.1:3000' }, true],
    [{ origin: 'http://localhost:3000' }, true],
    [{ origin: 'http://localhost:3001' }, false],
    [{ origin: 'http://localhost.evil.test:3000' }, false],
  ])('on a developer’s machine %j: %s', (headers, allowed) => {
    expect(development.allows(headers)).toBe(allowed)
  })

  it('a machine’s other names are no way in where the page lives elsewhere', () => {
    expect(createOrigins({ frontendUrl: 'https://trade.example.org', production: false }).allows({ origin: 'http://localhost:3000' })).toBe(
      false,
    )
  })
})

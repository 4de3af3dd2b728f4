import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createOpenApi } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { root } from './lib/environment.ts'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
const api = new Set([
  'GET /api/openapi.json',
  ...Object.entries(createOpenApi('0').paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  ),
])

function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => String(name))
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8')

  it('links to files that exist', () => {
    const links = found(text, /\]\(([^)\s]+)\)/g).filter((link) => !/^(?:https?:|mailto:|#)/.test(link))
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link.split('#')[0] ?? '')))).toEqual([])
  })

  it('names routes that exist', () => {
    expect(found(text, /`((?:GET|POST|PUT|PATCH|DELETE) \/[^`\s?]*)`/g).filter((route) => !api.has(route))).toEqual([])
  })

  it('names commands that exist', () => {
    const named = [...found(text, /npm run ([\w:]+)/g), ...found(text, /npm (start|test)\b/g)]
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })

  it('names pages that exist', () => {
    const folder = join(root, 'apps', 'web', 'app', 'pages')
    const named = found(text, /page `\/([^`]*)`/g)
    const exists = (name: string): boolean =>
      [`${name || 'index'}.vue`, join(name, 'index.vue')].some((file) => existsSync(join(folder, file)))
    expect(named.filter((name) => !exists(name))).toEqual([])
  })
})

describe('docs/acceptance.md', () => {
  const rows = readFileSync(join(root, 'docs', 'acceptance.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| [MSPKX]\d/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))

  it('says of each row where it is met', () => {
    expect(rows.length).toBeGreaterThan(50)
    for (const [, name = '', , where = ''] of rows) {
      expect(name).toMatch(/^[MSPKX]\d+(?:–[MSPKX]\d+)?(?:, [MSPKX]\d+(?:–[MSPKX]\d+)?)*$/)
      expect([name, /\]\(|`/.test(where)]).toEqual([name, true])
    }
  })
})

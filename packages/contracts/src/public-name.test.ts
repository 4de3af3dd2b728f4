import { describe, expect, it } from 'vitest'
import { PublicName, publicNameKey } from './public-name.ts'

describe('a public name', () => {
  it.each(['Old hand', 'trend_42', 'Ünal-Ö', '北極星群', 'a.b'])('may be %s', (name) => {
    expect(PublicName.parse(`  ${name} `)).toBe(name.normalize('NFKC'))
  })

  it.each([
    'ab',
    'x'.repeat(31),
    'me@matic.test',
    'two  spaces',
    '-dash',
    'dot.',
    'new\nline',
    'a\u200Bb c',
    'Admin',
    'Matic Team',
    'sup.port desk',
  ])('may not be %j', (name) => {
    expect(PublicName.safeParse(name).success).toBe(false)
  })

  it('is the same one in other case, with other marks and in full width', () => {
    expect(new Set(['Old Hand', 'old.hand', 'OLD_HAND', 'Ｏｌｄ－ｈａｎｄ'].map(publicNameKey)).size).toBe(1)
  })
})

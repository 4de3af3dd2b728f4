import { describe, expect, it } from 'vitest'
import { PublicName, publicNameKey } from './public-name.ts'
import { publishOwnStrategy } from './routes/leaders.ts'

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

describe('the name of a strategy', () => {
  const accountId = '01a20015-e1a9-7000-b584-9a67a78bd3f5'
  const isTaken = (name: string) => publishOwnStrategy.body.safeParse({ accountId, name, description: 'Two\nlines 👩‍💻' }).success

  it('may be anything that can be read', () => {
    expect(['Trend 4h', '<b>Trend</b>', '北極星群', '🚀 to 10x', 'Ünal & Söhne'].filter((name) => !isTaken(name))).toEqual([])
  })

  it('may not be empty to the eye, nor turn round what stands after it', () => {
    expect(['\u200B\u200B\u200B', '🚀🚀🚀', '\u202Egnp.exe', 'a\u0000bc', 'a\nbc', 'Tr\u00ADend'].filter(isTaken)).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { entriesWithPages, isEntryCurrent, NAVIGATION, splitForBar } from './navigation.ts'

const entry = (to: string) => {
  const found = NAVIGATION.find((each) => each.to === to)
  if (found === undefined) throw new Error(`No entry for ${to}`)
  return found
}

describe('navigation', () => {
  it('has one key and one place for each entry', () => {
    expect(new Set(NAVIGATION.map(({ key }) => key)).size).toBe(NAVIGATION.length)
    expect(new Set(NAVIGATION.map(({ to }) => to)).size).toBe(NAVIGATION.length)
  })

  it('shows what has a page, in its own order', () => {
    expect(entriesWithPages(new Set(['/signals', '/', '/login', '/admin']), false).map(({ to }) => to)).toEqual(['/', '/signals'])
    expect(entriesWithPages(new Set(['/', '/admin']), true).map(({ to }) => to)).toEqual(['/', '/admin'])
  })

  it('keeps four entries in the bar of a phone and the rest behind "More"', () => {
    const { bar, more } = splitForBar(NAVIGATION)
    expect(bar).toHaveLength(4)
    expect([...bar, ...more]).toEqual(NAVIGATION)
  })

  it('lights the overview on its own page only, and a room on all of its pages', () => {
    expect(isEntryCurrent(entry('/'), '/')).toBe(true)
    expect(isEntryCurrent(entry('/'), '/signals')).toBe(false)
    expect(isEntryCurrent(entry('/signals'), '/signals/42')).toBe(true)
    expect(isEntryCurrent(entry('/settings/profile'), '/settings/security')).toBe(true)
    expect(isEntryCurrent(entry('/orders'), '/portfolio')).toBe(false)
  })
})

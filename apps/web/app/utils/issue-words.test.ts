import { FollowSettings } from '@matic/contracts'
import { expect, it } from 'vitest'
import { issueWords } from './issue-words.ts'

it.each([
  [{ leverage: 999 }, 'At most 125'],
  [{ maxSignalAgeSeconds: 0 }, 'At least 1'],
  [{ leverage: 'five' }, 'Write a whole number'],
  [{ maxSignalAgeSeconds: null }, 'Write a whole number'],
  [{ maxOrderQuote: 'abc' }, 'Write a plain decimal number, such as 0.25'],
])('says what is wrong with %o in words', (settings, words) => {
  const parsed = FollowSettings.safeParse({ sizing: { mode: 'ratio', ratio: '1' }, ...settings })
  expect(parsed.error?.issues.map(issueWords)).toEqual([words])
})

import { expect, it } from 'vitest'
import { placedWords } from './placed-words.ts'

it('says that an order was sent only where one was', () => {
  const sent = { submittedAt: '2026-11-22T00:00:00.000Z' }
  expect(placedWords({ reasonText: null, orders: [sent] }, 'Sent.')).toMatchObject({ description: 'Sent.', isRefused: false })
  for (const orders of [[], [{ submittedAt: null }]])
    expect(placedWords({ reasonText: null, orders }, 'Sent.').description).toMatch(/^Accepted, but not sent yet/)
  expect(placedWords({ reasonText: 'Nothing is open.', orders: [] }, 'Sent.')).toMatchObject({
    isRefused: true,
    description: 'Nothing is open.',
  })
})

import { fuzzDoor } from '@matic/testkit/alerts/fuzz-door'
import { readTestEnvironment } from '@matic/testkit/env'
import { expect, it } from 'vitest'

/** FUZZ_BODIES=100000 tries it with as many. */
const BODIES = readTestEnvironment().fuzzBodies ?? 10_000

it('whatever is sent, a real api answers without a server error, stays up, and keeps every body as a signal or as rejected', async () => {
  const report = await fuzzDoor({ bodies: BODIES, seed: 20_261_121 })
  console.info(JSON.stringify(report))
  const { statuses, kept, signals, starts, lost } = report
  expect({ statuses, lost, starts }).toEqual({ statuses, lost: 0, starts: 1 })
  expect(Object.keys(statuses).filter((status) => status === '0' || status.startsWith('5'))).toEqual([])
  expect((kept['ACCEPTED'] ?? 0) + (kept['DUPLICATE'] ?? 0)).toBe(statuses['200'])
  expect(signals).toBe(kept['ACCEPTED'])
  // Near the edge: neither everything nor nothing is understood.
  expect(kept['ACCEPTED']).toBeGreaterThan(BODIES / 20)
  expect(kept['REJECTED']).toBeGreaterThan(BODIES / 20)
}, 900_000)

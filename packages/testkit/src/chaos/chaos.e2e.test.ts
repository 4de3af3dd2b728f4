import { describe, expect, test } from 'vitest'
import type { ChaosOptions, ChaosReport, Sabotage } from './options.ts'
import { runChaos, shortfalls } from './run.ts'

const base: ChaosOptions = {
  kills: 100,
  seed: 20_261,
  timingsScale: 0.4,
  traders: 40,
  apis: 2,
  workers: 3,
  stopAtFirstBreach: false,
  quietWithinMs: 120_000,
  say: (line) => console.log(line),
}

describe('the platform under a hundred kills', () => {
  test('loses nothing, doubles nothing, orphans nothing', { timeout: 900_000 }, async () => {
    const report = await runChaos(base)

    console.log(JSON.stringify({ ...report, breaches: report.breaches.slice(0, 20) }))
    expect(report.kills).toBe(100)
    expect(shortfalls(report)).toEqual([])
  })
})

/** What each planted bug does to the books. */
const PLANTED: readonly [Sabotage, keyof Pick<ChaosReport, 'lost' | 'doubled'>][] = [
  ['random-client-id', 'doubled'],
  ['resend-on-timeout', 'doubled'],
  ['no-unique-index', 'doubled'],
  ['no-sweep', 'lost'],
  ['close-not-reduce-only', 'doubled'],
]

describe('the run catches a planted bug', () => {
  test.each(PLANTED)('%s', { timeout: 400_000 }, async (sabotage, harm) => {
    const report = await runChaos({ ...base, kills: 25, traders: 20, sabotage, stopAtFirstBreach: true, quietWithinMs: 20_000 })

    console.log(`${sabotage}: ${report[harm]} ${harm} after ${report.kills} kills, such as: ${report.breaches[0]?.detail ?? 'none'}`)
    expect(report[harm]).toBeGreaterThan(0)
  })
})

import { expect, test } from 'vitest'
import { bundleApps } from '../bundled-apps.ts'
import { runFanOutChaos } from './fan-out.ts'

test(
  'twenty kills in the middle of fan-outs: one decision for every follower, nothing lost, nothing doubled',
  { timeout: 240_000 },
  async () => {
    const report = await runFanOutChaos({
      kills: 20,
      killsEach: 4,
      followers: 60,
      workers: 2,
      seed: 20_262,
      timingsScale: 0.2,
      quietWithinMs: 20_000,
      bundles: await bundleApps(),
      say: (line) => console.log(line),
    })

    console.log(JSON.stringify({ ...report, breaches: report.breaches.slice(0, 20) }))
    expect(report.kills.length).toBeGreaterThanOrEqual(20)
    expect(report.kills.filter((kill) => kill.sending > 0).length).toBeGreaterThan(0)
    expect(report.notExactlyOne).toBe(0)
    expect([report.gaps, report.gapsWithOneTaken]).toEqual([0, 1])
    expect(report.breaches.slice(0, 10)).toEqual([])
  },
)

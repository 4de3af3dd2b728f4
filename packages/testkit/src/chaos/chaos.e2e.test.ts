import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleApps } from '../bundled-apps.ts'
import { createTestFolder } from '../test-folder.ts'
import { makeClusterTemplate } from './cluster-template.ts'
import { SABOTAGES, type ChaosOptions } from './options.ts'
import { runChaos, shortfalls } from './run.ts'

const base: ChaosOptions = {
  kills: 100,
  seed: 20_261,
  timingsScale: 0.4,
  traders: 36,
  apis: 2,
  workers: 3,
  stopAtFirstBreach: false,
  quietWithinMs: 120_000,
  lostAnswers: 0.05,
  say: (line) => console.log(line),
}

let folder: string
let clusterTemplate: string
let bundles: string
beforeAll(async () => {
  folder = createTestFolder()
  clusterTemplate = await makeClusterTemplate(folder)
  bundles = await bundleApps()
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a hundred kills: loses nothing, doubles nothing, orphans nothing', { timeout: 900_000 }, async () => {
  const report = await runChaos({ ...base, clusterTemplate, bundles })

  console.log(JSON.stringify({ ...report, breaches: report.breaches.slice(0, 20) }))
  expect(report.kills).toBe(100)
  expect(shortfalls(report)).toEqual([])
})

describe('the run catches a planted bug', () => {
  // Mostly waiting, so some at a time.
  test.concurrent.each(SABOTAGES)('%s', { timeout: 400_000 }, async (sabotage) => {
    const report = await runChaos({
      ...base,
      clusterTemplate,
      bundles,
      // What nobody sweeps up shows after the last strike; the others show in the midst of kills.
      kills: sabotage === 'no-sweep' ? 5 : 25,
      sabotage,
      lostAnswers: 0.3,
      stopAtFirstBreach: true,
      quietWithinMs: 20_000,
    })

    const harm = report.lost + report.doubled + report.orphaned + report.unexplained
    console.log(`${sabotage}: ${harm} breaches after ${report.kills} kills, such as: ${report.breaches[0]?.detail ?? 'none'}`)
    expect(harm).toBeGreaterThan(0)
  })
})

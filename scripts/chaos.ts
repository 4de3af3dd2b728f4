import { parseArgs } from 'node:util'
import { runFanOutChaos } from '@matic/testkit/chaos/fan-out'
import { runChaos, shortfalls } from '@matic/testkit/chaos/run'
import { SABOTAGES, type Sabotage } from '@matic/testkit/chaos/options'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: '0.4' },
    traders: { type: 'string', default: '48' },
    sabotage: { type: 'string' },
    followers: { type: 'string' },
  },
})

if (values.followers !== undefined) process.exit(await killInTheMiddleOfFanOuts(Number(values.followers)))

const sabotage = readSabotage(values.sabotage)
const report = await runChaos({
  kills: Number(values.kills),
  seed: Number(values.seed),
  timingsScale: Number(values.scale),
  traders: Number(values.traders),
  apis: 2,
  workers: 3,
  lostAnswers: sabotage === undefined ? 0.05 : 0.3,
  stopAtFirstBreach: sabotage !== undefined,
  quietWithinMs: sabotage === undefined ? 120_000 : 30_000,
  say: (line) => console.error(line),
  ...(sabotage === undefined ? {} : { sabotage }),
})

const missing = shortfalls(report)
const { breaches, reasons, ...figures } = report
for (const [reason, count] of Object.entries(reasons).toSorted(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(6)}  ${reason}`)
for (const breach of breaches.slice(0, 40)) console.log(`BREACH ${breach.oracle}: ${breach.detail}`)
for (const claim of missing) console.log(`FAILED ${claim}`)
console.log(JSON.stringify(figures))
process.exitCode = missing.length === 0 ? 0 : 1

async function killInTheMiddleOfFanOuts(followers: number): Promise<number> {
  const { kills, breaches, reasons, ...figures } = await runFanOutChaos({
    kills: Number(values.kills),
    killsEach: 4,
    followers,
    workers: 3,
    seed: Number(values.seed),
    timingsScale: Number(values.scale),
    quietWithinMs: 60_000,
    say: (line) => console.error(line),
  })
  for (const [reason, count] of Object.entries(reasons).toSorted(([, a], [, b]) => b - a))
    console.log(`${String(count).padStart(6)}  ${reason}`)
  for (const breach of breaches.slice(0, 40)) console.log(`BREACH ${breach.oracle}: ${breach.detail}`)
  console.log(JSON.stringify({ kills: kills.length, ...figures }))
  return breaches.length === 0 && figures.notExactlyOne === 0 && figures.gaps === 0 ? 0 : 1
}

function readSabotage(name: string | undefined): Sabotage | undefined {
  if (name === undefined) return undefined
  const known = SABOTAGES.find((candidate) => candidate === name)
  if (known === undefined) throw new Error(`--sabotage takes one of ${SABOTAGES.join(', ')}`)
  return known
}

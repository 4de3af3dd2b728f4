import { parseArgs } from 'node:util'
import { middleRound, runFanOut } from '@matic/testkit/bench/fan-out/run'
import { median } from '@matic/testkit/bench/load'

const { values } = parseArgs({
  options: {
    followers: { type: 'string', default: '1000' },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    'venue-ms': { type: 'string', default: '50' },
    'address-limit': { type: 'string' },
    profile: { type: 'string' },
    'worker-arg': { type: 'string', multiple: true, default: [] },
  },
})
const followers = Number(values.followers)
const { direct, cold, held, rounds, withoutCanary, workerRssMb, refused } = await runFanOut({
  followers,
  workers: Number(values.workers),
  rounds: Number(values.rounds),
  venueMs: Number(values['venue-ms']),
  addressLimit: values['address-limit'] === undefined ? undefined : Number(values['address-limit']),
  profileDir: values.profile,
  workerArgs: values['worker-arg'],
  say: (line) => console.error(line),
})

const directLastMs = median(direct.map((round) => round.lastMs))
const ours = middleRound(rounds)
const bare = middleRound(withoutCanary)
const ratio = (ms: number) => (ms / directLastMs).toFixed(2)
console.log(`${followers} followers, ${values.workers} workers; ms after the alert, and as a share of the bare loop's last order`)
console.log(`  bare loop        last ${directLastMs}`)
console.log(`  ours             first ${ours.firstMs}, last ${ours.lastMs} (${ratio(ours.lastMs)} ×)`)
console.log(`  without canary   first ${bare.firstMs}, last ${bare.lastMs} (${ratio(bare.lastMs)} ×)`)
console.log(
  `  written down     ${ours.recordedMs} (${ratio(ours.recordedMs)} ×), protected ${ours.protectedMs} (${ratio(ours.protectedMs)} ×)`,
)
console.log(`  first alert ever first ${cold.firstMs}, last ${cold.lastMs} (${ratio(cold.lastMs)} ×)`)
console.log(`  memory of workers, MB: ${workerRssMb.join(', ')}`)
const heldCpuMs = Object.values(held.cpuMsPerSecond).reduce((sum, ms) => sum + ms, 0)
console.log(`  while all hold   ${heldCpuMs} ms of processor time a second, every position read within ${held.readWithinMs} ms`)
const all = [cold, ...rounds, ...withoutCanary]
console.log(
  JSON.stringify({
    followers,
    directLastMs,
    oursFirstMs: ours.firstMs,
    oursLastMs: ours.lastMs,
    ratio: Number((ours.lastMs / directLastMs).toFixed(3)),
    transactions: ours.transactions,
    lost: all.reduce((sum, round) => sum + round.lost, 0),
    doubled: all.reduce((sum, round) => sum + round.doubled, 0),
    lastMsWithoutCanary: bare.lastMs,
    workerRssMb: Math.max(...workerRssMb),
    ...(values['address-limit'] !== undefined && { refused }),
  }),
)

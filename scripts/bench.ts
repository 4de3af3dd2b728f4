import { parseArgs } from 'node:util'
import { runBench } from '@matic/testkit/bench/run'
import { TARGETS } from '@matic/testkit/bench/targets'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '4' } } })
const { door, receipt } = await runBench({
  rounds: Number(values.rounds),
  roundMs: Number(values.seconds) * 1_000,
  say: (line) => console.error(line),
})

const ratios = {
  ackThroughputOverBareInsert: door.ours.requestsPerSecond / door.bareInsert.requestsPerSecond,
  ackThroughputOverOrdinary: door.ours.requestsPerSecond / door.ordinary.requestsPerSecond,
  ackP99AtHalfOverBareP50: door.oursAtHalf.p99Ms / door.bareInsert.p50Ms,
  ackP99AtHalfMs: door.oursAtHalf.p99Ms,
  receiptP99OverOrdinary: receipt === undefined ? Number.NaN : receipt.ours.p99Ms / receipt.ordinary.p99Ms,
}

console.log('door, requests a second (p50 / p99 ms)')
for (const [name, figures] of Object.entries(door))
  console.log(
    `  ${name.padEnd(12)} ${figures.requestsPerSecond.toFixed(0).padStart(7)}  (${figures.p50Ms.toFixed(1)} / ${figures.p99Ms.toFixed(1)})`,
  )
if (receipt === undefined) console.log('alert → order receipt: no rate was sustained by both')
else {
  console.log(`alert → order receipt at ${receipt.ratePerSecond}/s, ms p50 / p99`)
  console.log(`  ordinary ${receipt.ordinary.p50Ms} / ${receipt.ordinary.p99Ms}, ours ${receipt.ours.p50Ms} / ${receipt.ours.p99Ms}`)
}
console.log('ratio beside target')
for (const [name, target] of Object.entries(TARGETS)) {
  const reached = ratios[name as keyof typeof TARGETS]
  const atLeast = name.startsWith('ackThroughput')
  console.log(`  ${name.padEnd(28)} ${reached.toFixed(2)}  (${atLeast ? '≥' : '≤'} ${target})`)
}
console.log(JSON.stringify({ ...ratios, ratePerSecond: receipt?.ratePerSecond ?? 0, door, receipt }))

import { parseArgs } from 'node:util'
import { median } from '@matic/testkit/bench/load'
import { runMirror } from '@matic/testkit/bench/mirror/run'

const { values } = parseArgs({ options: { trades: { type: 'string', default: '10' } } })
const { streamed, polled } = await runMirror({ trades: Number(values.trades), say: (line) => console.error(line) })

const last = (each: readonly number[]) => Math.max(...each)
console.log(`A leader's fill → the follower's order at the venue, ms, ${streamed.length} trades each`)
console.log(`  with the private stream     p50 ${median(streamed)}, longest ${last(streamed)}`)
console.log(`  read every second           p50 ${median(polled)}, longest ${last(polled)}`)
console.log(
  JSON.stringify({
    trades: streamed.length,
    streamedP50Ms: median(streamed),
    streamedMaxMs: last(streamed),
    polledP50Ms: median(polled),
    polledMaxMs: last(polled),
    ratio: Number((median(streamed) / median(polled)).toFixed(3)),
  }),
)

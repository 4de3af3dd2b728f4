import { setTimeout as sleep } from 'node:timers/promises'
import { startCrashWorker } from '@matic/testkit/execution/start-crash-worker'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeOrder, outcomes, positionOf } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'

const scale = 0.2
let venue: TestVenue
let bench: Bench
let one: TestWorker
let account: TestAccount

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale })
  one = await bench.worker()
})
beforeEach(async () => {
  await venue.faults({ rules: [] })
  account = await openPaperAccount(one.ctx, venue.bank)
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

const open = (quantityBase = '0.01') => makeOrder(one.ctx, account, { quantityBase, stopFraction: '0.2', targetFraction: '0.4' })
const position = () => positionOf(one.ctx.db, account)
const orders = () => outcomes(one.ctx.db, account)
const acceptedBy = async () => (await venue.ledger()).filter((order) => order.ref === account.accountId)
const heldAtVenue = async () =>
  new Decimal((await venue.positions()).find((each) => each.ref === account.accountId)?.positionAmt ?? 0).toNumber()

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`not in time: ${JSON.stringify([await orders(), await position(), await acceptedBy()], null, 1)}`)
    await one.settle()
    await one.runner.reconcile()
    await one.runner.settled()
    await sleep(20)
  }
}
const isProtected = async () => (await position())?.protection === 'PROTECTED'
const noneTwice = async () => {
  const ids = (await acceptedBy()).map((order) => order.clientOrderId)
  expect(ids).toHaveLength(new Set(ids).size)
}

it.each(['K5', 'K6', 'K7', 'K8', 'K9', 'K10'] as const)(
  'a worker killed at %s leaves nothing lost, nothing doubled, nothing bare',
  async (point) => {
    const doomed = await startCrashWorker({ databaseUrl: bench.databaseUrl, venueUrl: venue.url, scale, point })
    await one.ctx.db.query(`UPDATE lane SET reconcile_at = now() + interval '1 hour' WHERE account_id <> $1`, [account.accountId])
    await open()
    expect(await doomed.exited).toBe(137)
    // Not sent, as far as anybody can prove: that takes its time, and nobody else may wait for it.
    if (point !== 'K6' && point !== 'K7') waitForProof(3_600_000)
    await until(isProtected)
    expect(await heldAtVenue()).toBe(0.01)
    await noneTwice()
    expect((await acceptedBy()).filter((order) => order.status === 'NEW')).toHaveLength(2)
  },
)

function waitForProof(ms: number): void {
  const { timings } = one.ctx
  const { notPlacedAfterMs } = timings
  timings.notPlacedAfterMs = ms
  onTestFinished(() => void (timings.notPlacedAfterMs = notPlacedAfterMs))
}

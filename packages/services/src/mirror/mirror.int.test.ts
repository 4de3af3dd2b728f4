import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { FollowSettings, ForcedSettings, type FollowSettingsInput } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { startCrashWorker } from '@matic/testkit/execution/start-crash-worker'
import { dispatchSignals } from '@matic/services/dispatch/index'
import { getCopyGap, putCopyTerms, startFollow } from '@matic/services/follows/index'
import { publishMarks } from '@matic/services/markets/publish-marks'
import { createSharedCommit, type SharedCommit } from '@matic/services/webhook/index'
import { createBench, type Bench, type TestWorker } from '@matic/testkit/execution/bench'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue, type TestVenue } from '@matic/testkit/execution/venue'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'

const scale = 0.2
const half = { sizing: { mode: 'ratio', ratio: '0.5' } } as const
const double = { sizing: { mode: 'ratio', ratio: '2' } } as const
let venue: TestVenue
let bench: Bench
let one: TestWorker
let door: Db
let ingest: SharedCommit
let leader: TestAccount
let strategyId: string
let small: TestAccount
let large: TestAccount

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale })
  one = await bench.worker()
  door = createDb({ databaseUrl: bench.databaseUrl, applicationName: 'door', poolSize: 2, onError: () => undefined })
  ingest = createSharedCommit({ ctx: one.ctx, db: door })
})
beforeEach(async () => {
  const port = one.ctx.exchanges.get('PAPER')
  if (port) await publishMarks({ ctx: one.ctx, exchange: 'PAPER', port, store: true })
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = now() + interval '1 hour'`)
  leader = await openPaperAccount(one.ctx, venue.bank)
  await readNow(leader)
  strategyId = await offer()
})
afterAll(async () => {
  await ingest?.close()
  await door?.close()
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

async function offer(): Promise<string> {
  const id = randomUUID()
  await one.ctx.db.query(`INSERT INTO strategy (id, user_id, account_id, name) VALUES ($1, $2, $3, 'By hand')`, [
    id,
    leader.userId,
    leader.accountId,
  ])
  const terms = {
    source: 'ACCOUNT',
    state: 'PUBLISHED',
    suggested: {},
    profitSharePercent: '0',
    managementPercent: '0',
    maxFollowers: null,
  } as const
  await putCopyTerms({ ctx: one.ctx, input: { userId: leader.userId, strategyId: id, ...terms, forced: ForcedSettings.parse({}) } })
  return id
}

async function followBy(settings: FollowSettingsInput, join: 'flat' | 'copy-open' = 'flat'): Promise<TestAccount> {
  const account = await openPaperAccount(one.ctx, venue.bank)
  await readNow(account)
  const nobody = { next: async () => undefined, [Symbol.dispose]: () => undefined }
  const ctx = { ...one.ctx, ingest, desk: { watchFacts: () => nobody, watchRequest: () => nobody } }
  const joining = join === 'flat' ? { mode: 'flat' as const } : { mode: 'copy-open' as const, maxDistancePercent: '5' }
  await startFollow({
    ctx,
    input: { ...account, strategyId, settings: FollowSettings.parse(settings), inviteCode: undefined, join: joining, requestId: null },
  })
  return account
}

/** The leader's own hand at the exchange. */
const trade = (side: 'BUY' | 'SELL', quantity: string, more: Record<string, string> = {}) =>
  venue.byHand(leader.accountId, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side, type: 'MARKET', quantity, ...more })

async function readNow(account: TestAccount): Promise<void> {
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [account.accountId])
  await round()
}

async function round(): Promise<void> {
  await one.runner.reconcile()
  await one.runner.settled()
  await dispatchSignals({ ctx: one.ctx })
  await one.settle()
}

async function held(account: TestAccount): Promise<number> {
  const own = (await venue.positions()).find((each) => each.ref === account.accountId)
  return new Decimal(own?.positionAmt ?? 0).toNumber()
}

/** What stands at the venue, in the order asked. */
async function until(wanted: readonly [TestAccount, number][], withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const now = await Promise.all(wanted.map(([account]) => held(account)))
    if (wanted.every(([, amount], index) => now[index] === amount)) return
    if (Date.now() > deadline)
      throw new Error(`not in time: ${JSON.stringify({ now, decisions: await decisions(), told: await told() }, null, 1)}`)
    await round()
    await sleep(20)
  }
}

const told = () =>
  one.ctx.db.query<{ change: string; from: string; to: string }>(
    `SELECT b->>'change' AS change, b->>'from' AS "from", b->>'to' AS "to"
       FROM (SELECT convert_from(raw_body, 'UTF8')::jsonb AS b, received_at, id FROM signal WHERE source = 'ACCOUNT' AND source_id = $1) AS s ORDER BY received_at, id`,
    [leader.accountId],
  )
const decisions = () =>
  one.ctx.db.query<{ account_id: string; outcome: string; intent: string; reason: string | null }>(
    `SELECT d.account_id, d.outcome, d.intent, d.reason, d.numbers FROM decision d JOIN signal s ON s.id = d.signal_id WHERE s.source_id = $1 ORDER BY d.decided_at`,
    [leader.accountId],
  )
/** Each trade of the leader's stands beside its copy, with nothing that was skipped or done without them, and parts that sum to the difference. */
async function gapOf({ userId, accountId }: TestAccount): Promise<void> {
  const [follow] = await one.ctx.db.query<{ id: string }>('SELECT id FROM follow WHERE account_id = $1', [accountId])
  const read = () => getCopyGap({ db: one.ctx.db, input: { userId, followId: follow?.id ?? '', page: 1, limit: 10 } })
  await expect.poll(async () => (await round(), (await read()).gap.trades.length)).toBe(2)
  const { gap } = await read()
  expect(
    gap.trades.map(({ side, ratio, leaderBase, copiedBase, skipped, own }) => ({ side, ratio, leaderBase, copiedBase, skipped, own })),
  ).toEqual([
    { side: 'SHORT', ratio: '0.5', leaderBase: '0.02', copiedBase: '0.01', skipped: [], own: [] },
    { side: 'LONG', ratio: '0.5', leaderBase: '0.04', copiedBase: '0.02', skipped: [], own: [] },
  ])
  for (const { exact, cents } of gap.trades)
    for (const parts of [exact, cents]) {
      const { slippage, fees, funding, skipped, sizing, own } = parts
      const sum = [slippage, fees, funding, skipped, sizing, own].reduce((total, part) => total.add(part), new Decimal(0))
      expect([sum.toFixed(), new Decimal(parts.leader).sub(parts.follower).toFixed()]).toEqual([
        new Decimal(parts.gap).toFixed(),
        new Decimal(parts.gap).toFixed(),
      ])
    }
}

const gaps = async () => Number((await one.ctx.db.query<{ n: string }>('SELECT copy_decision_gaps() AS n'))[0]?.n)

describe('a leader who trades at the exchange itself', () => {
  it('is copied through an opening, an add, a partial close, a reversal and the end, each in the follower’s size', async () => {
    ;[small, large] = [await followBy(half), await followBy(double)]
    const both = (leaders: number, one: number, two: number) =>
      until([
        [leader, leaders],
        [small, one],
        [large, two],
      ])
    await trade('BUY', '0.02')
    await both(0.02, 0.01, 0.04)
    await trade('BUY', '0.02')
    await both(0.04, 0.02, 0.08)
    await trade('SELL', '0.01', { reduceOnly: 'true' })
    await both(0.03, 0.015, 0.06)
    await trade('SELL', '0.05')
    await both(-0.02, -0.01, -0.04)
    await trade('BUY', '0.02', { reduceOnly: 'true' })
    await both(0, 0, 0)
    expect(await told()).toEqual([
      { change: 'open', from: '0', to: '0.02' },
      { change: 'add', from: '0.02', to: '0.04' },
      { change: 'reduce', from: '0.04', to: '0.03' },
      { change: 'reverse', from: '0.03', to: '-0.02' },
      { change: 'close', from: '-0.02', to: '0' },
    ])
    const own = await one.ctx.db.query(`SELECT 1 FROM decision WHERE account_id = $1`, [leader.accountId])
    expect(own).toEqual([])
    expect(await gaps()).toBe(0)
    await gapOf(small)
  })

  it('is told of once, however often the account is read, and fills in quick succession are one change', async () => {
    small = await followBy(half)
    for (let fill = 0; fill < 4; fill += 1) await trade('BUY', '0.01')
    await until([[small, 0.02]])
    for (let reading = 0; reading < 3; reading += 1) await readNow(leader)
    expect(await told()).toEqual([{ change: 'open', from: '0', to: '0.04' }])
    await trade('SELL', '0.04', { reduceOnly: 'true' })
    await until([[small, 0]])
  })
})

describe('a worker that dies', () => {
  it('between fill and followers leaves exactly one signal', async () => {
    small = await followBy(half)
    const doomed = await startCrashWorker({ databaseUrl: bench.databaseUrl, venueUrl: venue.url, scale, point: 'K15' })
    await trade('BUY', '0.02')
    expect(await doomed.exited).toBe(137)
    expect(await told()).toEqual([])
    await until([[small, 0.01]])
    expect(await told()).toEqual([{ change: 'open', from: '0', to: '0.02' }])
    await trade('SELL', '0.02', { reduceOnly: 'true' })
    await until([[small, 0]])
  })
})

it('who held a position before is joined with it where the follower asks, and not where not', async () => {
  await trade('BUY', '0.02')
  await readNow(leader)
  ;[small, large] = [await followBy(half), await followBy(double, 'copy-open')]
  await until([
    [small, 0],
    [large, 0.04],
  ])
  await trade('SELL', '0.01', { reduceOnly: 'true' })
  await until([
    [small, 0],
    [large, 0.02],
  ])
  await trade('SELL', '0.01', { reduceOnly: 'true' })
  await until([
    [small, 0],
    [large, 0],
  ])
})

it('who is a mirror’s first follower joins what its leader has just opened, though nobody has read it yet', async () => {
  await trade('BUY', '0.02')
  let joined = false
  const joining = followBy(half, 'copy-open').finally(() => (joined = true))
  while (!joined) await Promise.all([round(), sleep(20)])
  small = await joining
  await until([[small, 0.01]])
  const [signal] = await one.ctx.db.query<{ source: string }>(
    'SELECT s.source FROM decision d JOIN signal s ON s.id = d.signal_id WHERE d.account_id = $1',
    [small.accountId],
  )
  expect(signal?.source).toBe('FOLLOW')
  await trade('SELL', '0.02', { reduceOnly: 'true' })
  await until([[small, 0]])
})

it('a leader who holds both sides is copied side by side onto a hedged account, and the side that came first onto another', async () => {
  const hedge = async (account: TestAccount) => {
    await venue.hedge(account.accountId)
    await one.ctx.db.query(`UPDATE account SET position_mode = 'HEDGE' WHERE id = $1`, [account.accountId])
    one.ctx.keys.forget(account.accountId)
  }
  await hedge(leader)
  ;[small, large] = [await followBy(half), await followBy(double)]
  await hedge(small)
  const sides = async (account: TestAccount) =>
    Object.fromEntries(
      z
        .array(z.object({ positionSide: z.string(), positionAmt: z.string() }))
        .parse(await venue.byHand(account.accountId, 'GET', '/fapi/v3/positionRisk'))
        .filter(({ positionAmt }) => Number(positionAmt) !== 0)
        .map(({ positionSide, positionAmt }) => [positionSide, Number(positionAmt)]),
    )
  const agree = async (hedged: Record<string, number>, oneWay: Record<string, number>) => {
    const deadline = Date.now() + 30_000
    for (;;) {
      const now = [await sides(small), await sides(large)]
      if (JSON.stringify(now) === JSON.stringify([hedged, oneWay])) return
      if (Date.now() > deadline)
        throw new Error(`not in time: ${JSON.stringify({ now, decisions: await decisions(), told: await told() })}`)
      await round()
      await sleep(20)
    }
  }
  await trade('BUY', '0.02', { positionSide: 'LONG' })
  await agree({ LONG: 0.01 }, { BOTH: 0.04 })
  await trade('SELL', '0.04', { positionSide: 'SHORT' })
  await agree({ LONG: 0.01, SHORT: -0.02 }, { BOTH: 0.04 })
  await trade('BUY', '0.02', { positionSide: 'SHORT' })
  await agree({ LONG: 0.01, SHORT: -0.01 }, { BOTH: 0.04 })
  await trade('SELL', '0.02', { positionSide: 'LONG' })
  await agree({ SHORT: -0.01 }, {})
  await trade('BUY', '0.02', { positionSide: 'SHORT' })
  await agree({}, {})
  const refused = (await decisions()).flatMap(({ account_id: accountId, reason }) =>
    accountId === large.accountId && reason !== null ? [reason] : [],
  )
  // What is over there when the leader leaves the side that was not copied.
  expect(refused).toEqual(['LEADER_HEDGES', 'LEADER_HEDGES', 'NOTHING_TO_CLOSE'])
  expect(await gaps()).toBe(0)
})

it('a leader who is liquidated closes with their followers, who are not', async () => {
  small = await followBy({ ...half, leverage: 5 })
  await venue.byHand(leader.accountId, 'POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })
  await venue.byHand(leader.accountId, 'POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '100' })
  await trade('BUY', '0.02')
  await until([[small, 0.01]])
  const [{ entry } = { entry: '0' }] = await one.ctx.db.query<{ entry: string }>(
    'SELECT entry_price AS entry FROM position WHERE account_id = $1',
    [leader.accountId],
  )
  const openedAtMs = Date.now()
  await venue.pin('BTCUSDT', new Decimal(entry).mul('0.985').toFixed(1))
  await until([
    [leader, 0],
    [small, 0],
  ])
  const ended = (await venue.ledger()).filter(({ acceptedAt, executedQty }) => acceptedAt >= openedAtMs && Number(executedQty) > 0)
  const of = (account: TestAccount) => ended.filter(({ ref }) => ref === account.accountId)
  expect(of(leader).map(({ clientOrderId }) => clientOrderId)).toEqual([expect.stringMatching(/^autoclose-/)])
  expect(of(small)).toEqual([expect.objectContaining({ status: 'FILLED', clientOrderId: expect.not.stringMatching(/^autoclose-/) })])
  expect((await told()).map(({ change }) => change)).toEqual(['open', 'close'])
  const [close] = (await decisions()).filter(({ intent }) => intent === 'close')
  expect(close).toMatchObject({ account_id: small.accountId, outcome: 'ORDERS' })
  expect(await gaps()).toBe(0)
})

describe('stops and targets', () => {
  const trigger = (side: 'BUY' | 'SELL', type: 'STOP_MARKET' | 'TAKE_PROFIT_MARKET', triggerPrice: number) =>
    venue.byHand(leader.accountId, 'POST', '/fapi/v1/algoOrder', {
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side,
      type,
      triggerPrice: triggerPrice.toFixed(1),
      closePosition: 'true',
    })
  const legsOf = async (account: TestAccount) => {
    const [row] = await one.ctx.db.query<{ stop: string | null; target: string | null; protection: string }>(
      `SELECT trim_scale(stop_price)::text AS stop, trim_scale(target_price)::text AS target, protection FROM position WHERE account_id = $1 AND quantity_base > 0`,
      [account.accountId],
    )
    return row
  }
  /** What rests at the venue itself. */
  const restingAt = async (account: TestAccount) =>
    z
      .array(z.object({ orderType: z.string(), triggerPrice: z.string(), callbackRate: z.string(), quantity: z.string() }))
      .parse(await venue.byHand(account.accountId, 'GET', '/fapi/v1/openAlgoOrders'))
  const stopsAt = async (account: TestAccount) =>
    (await restingAt(account)).filter(({ orderType }) => orderType === 'STOP_MARKET').map(({ triggerPrice }) => Number(triggerPrice))
  const agree = async (holds: () => Promise<boolean>) => {
    const deadline = Date.now() + 30_000
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`not in time: ${JSON.stringify({ told: await told(), decisions: await decisions() }, null, 1)}`)
      await round()
      await sleep(20)
    }
  }

  it('that the leader sets, moves and takes away at the exchange, trailing ones too, reach followers who go by them, never leaving a position bare', async () => {
    small = await followBy(half)
    large = await followBy({ ...double, protection: 'own' })
    await trade('BUY', '0.02')
    await until([
      [small, 0.01],
      [large, 0.04],
    ])
    await agree(async () => (await legsOf(small))?.protection === 'PROTECTED' && (await legsOf(large))?.protection === 'PROTECTED')
    const own = await legsOf(large)
    const entry = Number(
      (await one.ctx.db.query<{ e: string }>('SELECT entry_price AS e FROM position WHERE account_id = $1', [leader.accountId]))[0]?.e,
    )
    const [first, second] = [Math.round(entry * 0.9), Math.round(entry * 0.93)]

    await trigger('SELL', 'STOP_MARKET', first)
    const bare: boolean[] = []
    const rests = (price: number) => async () => {
      const resting = await stopsAt(small)
      bare.push(resting.length === 0)
      return resting.length === 1 && resting[0] === price && (await legsOf(small))?.protection === 'PROTECTED'
    }
    await agree(rests(first))
    await venue.byHand(leader.accountId, 'DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' })
    await trigger('SELL', 'STOP_MARKET', second)
    await agree(rests(second))
    expect(bare).not.toContain(true)
    expect(await legsOf(large)).toEqual(own)

    const placed = { algoType: 'CONDITIONAL', symbol: 'BTCUSDT', side: 'SELL', reduceOnly: 'true' }
    const trail = async (callbackRate: string) =>
      z.object({ algoId: z.coerce.string() }).parse(
        await venue.byHand(leader.accountId, 'POST', '/fapi/v1/algoOrder', {
          ...placed,
          type: 'TRAILING_STOP_MARKET',
          quantity: '0.02',
          callbackRate,
        }),
      ).algoId
    const takeAway = (algoId: string) => venue.byHand(leader.accountId, 'DELETE', '/fapi/v1/algoOrder', { algoId })
    /** Trailing stops of the follower at the venue: how far, and how much. */
    const trails = (percents: readonly string[]) => async () => {
      const now = (await restingAt(small)).filter(({ orderType }) => orderType === 'TRAILING_STOP_MARKET')
      bare.push((await stopsAt(small)).length === 0)
      return (
        JSON.stringify(now.map(({ callbackRate, quantity }) => [Number(callbackRate), Number(quantity)])) ===
        JSON.stringify(percents.map((one) => [Number(one), 0.01]))
      )
    }
    const wide = await trail('5')
    await agree(trails(['5']))
    await takeAway(wide)
    const narrow = await trail('3')
    await agree(trails(['3']))
    await takeAway(narrow)
    await agree(trails([]))

    const target = (price: number) =>
      venue.byHand(leader.accountId, 'POST', '/fapi/v1/algoOrder', {
        ...placed,
        type: 'TAKE_PROFIT_MARKET',
        quantity: '0.01',
        triggerPrice: price.toFixed(1),
      })
    const reasons = async () => (await decisions()).filter((one) => one.account_id === small.accountId).map((one) => one.reason)
    await target(Math.round(entry * 1.2))
    await agree(async () => (await reasons()).at(-1) === 'LEADER_STOP_PARTIAL')
    await target(Math.round(entry * 1.3))
    await agree(async () => Number((await legsOf(small))?.target) === Math.round(entry * 1.3))
    const count = (await told()).length
    for (let reading = 0; reading < 2; reading += 1) await readNow(leader)
    expect((await told()).length).toBe(count)
    expect((await reasons()).filter((reason) => reason !== null)).toEqual(['LEADER_STOP_PARTIAL'])
    expect(await stopsAt(small)).toEqual([second])
    expect(bare).not.toContain(true)
    expect(await decisions()).toContainEqual(expect.objectContaining({ account_id: large.accountId, reason: 'FOLLOW_OWN_PROTECTION' }))
    expect(await gaps()).toBe(0)
    await trade('SELL', '0.02', { reduceOnly: 'true' })
    await until([
      [small, 0],
      [large, 0],
    ])
  })
})

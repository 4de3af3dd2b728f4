import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { FollowSettings } from '@matic/contracts'
import { startCrashWorker } from '@matic/testkit/execution/start-crash-worker'
import { createStage, type Stage, type Trader } from '@matic/testkit/copying/stage'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkAccounts } from '../accounts/check-accounts.ts'
import { dispatchSignals } from '../dispatch/index.ts'
import { closePart, setProtection } from '../trading/index.ts'
import { leverageGaps, listFollows, startFollow } from '../follows/index.ts'

const PRICE = 50_000
let stage: Stage
let account: Trader
/** Routes of the account by the names a test gives them. */
let names: Map<string, string>

beforeAll(async () => {
  stage = await createStage()
})
beforeEach(async () => {
  await stage.venue.pin('BTCUSDT', String(PRICE))
  account = await makeTrader()
  await stage.db.query(`UPDATE account SET shared_symbols = 'net' WHERE id = $1`, [account.accountId])
  names = new Map([[account.manualRouteId, 'hand']])
})
afterAll(() => stage?.[Symbol.asyncDispose]())

const read = <Row extends object>(sql: string) => stage.db.query<Row>(sql, [account.accountId])

async function makeTrader(): Promise<Trader> {
  const trader = await stage.makeTrader()
  await stage.until(
    async () => (await stage.db.query('SELECT 1 FROM account_state WHERE account_id = $1', [trader.accountId])).length === 1,
  )
  return trader
}

/** Another strategy of the account's owner. */
async function addSource(name: string): Promise<Trader> {
  const [webhookId, routeId] = [randomUUID(), randomUUID()]
  await stage.db.query(
    `INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1::uuid, $2, sha256($1::uuid::text::bytea), 'tail')`,
    [webhookId, account.userId],
  )
  await stage.db.query(`INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, 'WEBHOOK', $3, $4)`, [
    routeId,
    account.userId,
    webhookId,
    account.accountId,
  ])
  names.set(routeId, name)
  return { ...account, webhookId }
}

const setRules = (change: string) => stage.db.query(`UPDATE bot_settings SET ${change} WHERE user_id = $1`, [account.userId])
const HALF = {
  action: 'sell',
  market_position: 'long',
  market_position_size: '1',
  prev_market_position: 'long',
  prev_market_position_size: '2',
}

interface ShareNow {
  routeId: string
  side: string
  base: string
  stop: string | null
  /** What rests for it: base of stops at its stop price, of targets, of trailing stops. */
  stops: string
  targets: string
  trailing: string
}

async function shares(): Promise<Record<string, Omit<ShareNow, 'routeId'>>> {
  const rows = await read<ShareNow>(
    `SELECT s.route_id AS "routeId", s.position_side AS side, trim_scale(abs(s.quantity_base))::text AS base, trim_scale(s.stop_price)::text AS stop, rests.* FROM position_share s,
            LATERAL (SELECT trim_scale(coalesce(sum(quantity_base) FILTER (WHERE leg = 'stop' AND trigger_price = s.stop_price), 0))::text AS stops,
                            trim_scale(coalesce(sum(quantity_base) FILTER (WHERE leg = 'target'), 0))::text AS targets,
                            trim_scale(coalesce(sum(quantity_base) FILTER (WHERE leg = 'trailing'), 0))::text AS trailing
                       FROM trade_order WHERE cause = 'position:' || s.id || ':' || s.epoch AND state = 'ACKED' AND cancel_requested_at IS NULL) AS rests
      WHERE s.account_id = $1 AND s.quantity_base <> 0`,
  )
  return Object.fromEntries(rows.map(({ routeId, ...share }) => [names.get(routeId) ?? routeId, share]))
}

/** Nothing is on its way, every share has its stop, and the ledger agrees with the position. */
async function isQuiet(): Promise<boolean> {
  const [row] = await read<{ busy: number }>(
    `SELECT (SELECT count(*) FROM trade_order WHERE account_id = $1 AND (state IN ('READY', 'SUBMITTING', 'UNKNOWN') OR state IN ('ACKED', 'PARTIAL') AND (type = 'market' OR cancel_requested_at IS NOT NULL)))::int
          + (SELECT count(*) FROM position_share WHERE account_id = $1 AND quantity_base <> 0 AND protection <> 'PROTECTED')::int
          + (SELECT count(*) FROM attempt WHERE account_id = $1 AND state IN ('SUBMITTING', 'UNKNOWN'))::int
          + (SELECT count(*) FROM signal WHERE dispatched_at IS NULL)::int
          + (SELECT count(*) FROM lane WHERE account_id = $1 AND reconcile_at <= clock_timestamp())::int + share_gaps()::int AS busy`,
  )
  return row?.busy === 0
}
const quiet = () => stage.until(isQuiet)

/** Base by side as the exchange has it, signed, and of its resting stops. */
async function atExchange() {
  const handle = await stage.ctx.keys.open(account.accountId)
  const port = stage.ctx.exchanges.get('PAPER')
  const positions = handle && (await port?.fetchPositions(handle))
  const open = handle && (await port?.fetchOpenOrders(handle))
  if (!positions?.ok || !open?.ok) throw new Error('the venue did not answer')
  expect(open.value.filter((order) => order.closePosition)).toEqual([])
  const stops = open.value.filter(({ type }) => type === 'stop-market')
  const sum = (rows: readonly { quantityBase: string | null }[]) =>
    rows.reduce((total, { quantityBase }) => total.add(quantityBase ?? 0), new Decimal(0)).toFixed()
  const sides = ['LONG', 'SHORT'].map((side) => {
    const ofSide = stops.filter((order) => order.side === (side === 'LONG' ? 'sell' : 'buy'))
    return [side, { base: sum(positions.value.filter((position) => position.side === side)), stops: sum(ofSide) }]
  })
  return Object.fromEntries(sides)
}

/** Each share as wanted and guarded by exactly that, all of a side what the exchange holds there, and no stop without a share. */
async function expectShares(wanted: Record<string, string>, isShort: (name: string) => boolean = () => false) {
  const now = await shares()
  expect(Object.fromEntries(Object.entries(now).map(([name, { base, stops }]) => [name, { base, stops }]))).toEqual(
    Object.fromEntries(Object.entries(wanted).map(([name, base]) => [name, { base, stops: base }])),
  )
  const sumOf = (short: boolean) => {
    const own = Object.entries(wanted).filter(([name]) => isShort(name) === short)
    const base = own.reduce((sum, [, each]) => sum.add(each), new Decimal(0)).toFixed()
    return { base, stops: base }
  }
  expect(await atExchange()).toEqual({ LONG: sumOf(false), SHORT: sumOf(true) })
}

interface Meant {
  readonly userId: string
  readonly positionId: string
  readonly shareId: string
}

const nobody = { next: (ms: number) => sleep(ms), [Symbol.dispose]: () => undefined }
const trading = () => ({ ...stage.ctx, ingest: stage.ingest, desk: { watchFacts: () => nobody, watchRequest: () => nobody } })

async function shareOf(name: string): Promise<Meant> {
  const [row] = await stage.db.query<{ positionId: string; shareId: string }>(
    `SELECT p.id AS "positionId", s.id AS "shareId" FROM position_share s JOIN position p USING (account_id, symbol, position_side) WHERE s.route_id = $1`,
    [[...names].find(([, one]) => one === name)?.[0]],
  )
  if (!row) throw new Error(`${name} holds nothing`)
  return { userId: account.userId, ...row }
}

/** From the pages, while the workers turn. */
async function whileTurning<T>(work: Promise<T>): Promise<T> {
  let isOver = false
  const end = () => (isOver = true)
  work.then(end, end)
  while (!isOver) await stage.round()
  return work
}

const closeShare = (meant: Meant, fraction = '1') =>
  whileTurning(closePart({ ctx: trading(), input: { ...meant, fraction, idempotencyKey: undefined, requestId: null } }))
const protect = (meant: Meant, wish: { stopLoss: string }) =>
  whileTurning(setProtection({ ctx: trading(), input: { ...meant, ...wish, takeProfit: undefined } }))

async function trades() {
  const rows = await read<{ routeId: string; entry: string; exit: string; closed: boolean }>(
    `SELECT route_id AS "routeId", trim_scale(entry_base)::text AS entry, trim_scale(exit_base)::text AS exit, closed_at IS NOT NULL AS closed FROM trade WHERE account_id = $1 ORDER BY opened_at`,
  )
  return Object.fromEntries(rows.map(({ routeId, entry, exit }) => [names.get(routeId) ?? routeId, `${exit} of ${entry}`]))
}

it('in hedge mode the routes of either side have their shares, and nobody’s close or stop reaches another’s', async () => {
  await stage.venue.hedge(account.accountId)
  await checkAccounts({ ...stage.ctx, exchanges: stage.ctx.exchanges })
  const [up, rise, down, fall] = [await addSource('up'), await addSource('rise'), await addSource('down'), await addSource('fall')]
  const isShort = (name: string) => name === 'down' || name === 'fall'
  await stage.alert(up, { action: 'buy', quantity: '0.02' })
  await stage.alert(rise, { action: 'buy', quantity: '0.01' })
  await stage.alert(down, { action: 'sell', quantity: '0.04' })
  await stage.alert(fall, { action: 'sell', quantity: '0.03', stop_loss: String(PRICE + 500) })
  await quiet()
  await expectShares({ up: '0.02', rise: '0.01', down: '0.04', fall: '0.03' }, isShort)

  await stage.alert(up, { action: 'close' })
  await stage.alert(down, {
    action: 'buy',
    market_position: 'short',
    market_position_size: '1',
    prev_market_position: 'short',
    prev_market_position_size: '2',
  })
  await quiet()
  await expectShares({ rise: '0.01', down: '0.02', fall: '0.03' }, isShort)

  await stage.venue.pin('BTCUSDT', String(PRICE + 600))
  await stage.until(async () => !('fall' in (await shares())))
  await quiet()
  await expectShares({ rise: '0.01', down: '0.02' }, isShort)

  // What was long turns short, beside the other that is.
  await stage.alert(rise, { action: 'sell', quantity: '0.01' })
  await quiet()
  await expectShares({ rise: '0.01', down: '0.02' }, (name) => name !== 'up')
  await stage.byHand(account, 'close')
  await quiet()
  await expectShares({})
  expect(await trades()).toMatchObject({ up: '0.02 of 0.02', down: '0.04 of 0.04', fall: '0.03 of 0.03' })
})

it('targets and the trailing stop of one share take from it alone', async () => {
  const [trend, fade] = [await addSource('trend'), await addSource('fade')]
  const plain = `targets = '[]', trailing_stop = false`
  await setRules(
    `targets = '[{"percent": "1", "share": "50"}, {"percent": "4", "share": "30"}]', take_profit_percent = NULL, trailing_stop = true, trailing_percent = 1, trailing_activation_percent = 1.5`,
  )
  await stage.alert(trend, { action: 'buy', quantity: '0.1' })
  await quiet()
  await setRules(plain)
  await stage.alert(fade, { action: 'buy', quantity: '0.04', take_profit: String(PRICE + 200) })
  await stage.byHand(account, 'buy', '0.03')
  await quiet()
  await expectShares({ trend: '0.1', fade: '0.04', hand: '0.03' })
  expect(await shares()).toMatchObject({ trend: { targets: '0.08', trailing: '0.1' }, fade: { targets: '0.04', trailing: '0' } })

  await stage.venue.pin('BTCUSDT', String(PRICE + 300))
  await stage.until(async () => !('fade' in (await shares())))
  await quiet()
  await expectShares({ trend: '0.1', hand: '0.03' })

  await stage.venue.pin('BTCUSDT', String(PRICE + 620))
  await stage.until(async () => (await shares())['trend']?.base === '0.05')
  await stage.until(async () => (await shares())['trend']?.trailing === '0.05')
  await quiet()
  await expectShares({ trend: '0.05', hand: '0.03' })
  const { hand } = await shares()

  await stage.venue.pin('BTCUSDT', String(PRICE + 1_000))
  await stage.round()
  await stage.venue.pin('BTCUSDT', String(PRICE + 300))
  await stage.until(async () => !('trend' in (await shares())))
  await quiet()
  await expectShares({ hand: '0.03' })
  expect((await shares())['hand']).toEqual(hand)
  expect(await trades()).toEqual({ trend: '0.1 of 0.1', fade: '0.04 of 0.04', hand: '0 of 0.03' })
})

it('two leaders and the follower’s own hand on one account: what a leader closes is the copy of theirs', async () => {
  const [ann, bob] = [await makeTrader(), await makeTrader()]
  const follow = async (leader: Trader, name: string, ratio: string) => {
    const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio } })
    const { userId, accountId } = account
    const strategyId = await stage.offer(leader)
    const input = { userId, accountId, strategyId, settings, inviteCode: undefined, join: { mode: 'flat' } as const, requestId: null }
    const { id } = await startFollow({ ctx: stage.ctx, input })
    const [route] = await stage.db.query<{ id: string }>('SELECT id FROM route WHERE follow_id = $1', [id])
    names.set(route?.id ?? '', name)
  }
  await follow(ann, 'of Ann', '0.5')
  await follow(bob, 'of Bob', '0.2')
  await stage.alert(ann, { action: 'buy', quantity: '0.08' })
  await stage.alert(bob, { action: 'buy', quantity: '0.1', stop_loss: String(PRICE - 1_000) })
  await quiet()
  await stage.byHand(account, 'buy', '0.03')
  await quiet()
  await expectShares({ 'of Ann': '0.04', 'of Bob': '0.02', hand: '0.03' })
  const before = await shares()
  const shown = await listFollows({ db: stage.db, input: { userId: account.userId } })
  expect(shown.map(({ openPositions, copied }) => [openPositions, copied])).toEqual([
    [1, 1],
    [1, 1],
  ])
  const gapOf = async (followId: string) => (await leverageGaps({ db: stage.db, input: { userId: account.userId, followId } }))[0]
  const [ofBob, ofAnn] = await Promise.all(shown.map(({ id }) => gapOf(id)))
  // Twice the share is twice the leverage, whoever opened the position.
  expect(
    new Decimal(ofAnn?.follower ?? 0)
      .div(ofBob?.follower ?? 1)
      .toDecimalPlaces(2)
      .toFixed(),
  ).toBe('2')

  await stage.alert(ann, { ...HALF, quantity: '0.04', market_position_size: '0.04', prev_market_position_size: '0.08' })
  await quiet()
  await expectShares({ 'of Ann': '0.02', 'of Bob': '0.02', hand: '0.03' })
  await stage.alert(ann, { action: 'close' })
  await quiet()
  await expectShares({ 'of Bob': '0.02', hand: '0.03' })
  const { 'of Ann': _gone, ...others } = before
  expect(await shares()).toEqual(others)

  // A leader who turns round stands against the others until she is out again.
  await stage.alert(ann, { action: 'sell', quantity: '0.05' })
  await quiet()
  expect(await shares()).toMatchObject({
    'of Ann': { base: '0.025', stops: '0' },
    'of Bob': before['of Bob'],
    hand: { base: '0.03', stops: '0.005' },
  })
  await stage.alert(ann, { action: 'close' })
  await quiet()
  expect(await shares()).toEqual(others)

  // The follower closes what a copy holds, and nothing else: half of it, then the rest, asked for twice at once.
  const moved = await shareOf('of Bob')
  await protect(moved, { stopLoss: String(PRICE - 900) })
  await stage.alert(bob, {
    action: 'sell',
    quantity: '0.05',
    market_position: 'long',
    market_position_size: '0.05',
    prev_market_position: 'long',
    prev_market_position_size: '0.1',
  })
  await quiet()
  await closeShare(moved, '0.5')
  await quiet()
  expect(await shares()).toMatchObject({ 'of Bob': { base: '0.005', stop: String(PRICE - 900) }, hand: others['hand'] })
  const twice = await Promise.allSettled([closeShare(moved), closeShare(moved)])
  expect(twice.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await quiet()
  expect(await shares()).toEqual({ hand: others['hand'] })
  await expect(closeShare(moved)).rejects.toMatchObject({ code: 'POSITION_NOT_FOUND' })
  expect(await trades()).toMatchObject({ 'of Bob': '0.02 of 0.02', hand: '0 of 0.03' })

  // He is still in: what he adds is not copied until he is flat.
  await stage.sweep()
  const detached = async () =>
    (await listFollows({ db: stage.db, input: { userId: account.userId } })).map((one) => one.detached.map(({ cause }) => cause))
  expect(await detached()).toContainEqual(['BY_HAND'])
  await stage.alert(bob, { action: 'buy', quantity: '0.1' })
  await quiet()
  expect(Object.keys(await shares())).toEqual(['hand'])
  await stage.alert(bob, { action: 'close' })
  await quiet()
  await stage.sweep()
  expect(await detached()).toEqual([[], []])
  expect(await stage.gaps()).toBe(0)
})

it('what a leader’s hand closes of another source of theirs is nobody’s copy', async () => {
  const trend = await addSource('trend')
  const strategyId = randomUUID()
  await stage.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'By hand', 'MANUAL', $3)`,
    [strategyId, account.userId, account.accountId],
  )
  const copier = await stage.follow(strategyId)
  await stage.byHand(account, 'buy', '0.02')
  await stage.alert(trend, { action: 'buy', quantity: '0.01' })
  await quiet()
  await closeShare(await shareOf('trend'))
  await quiet()
  await expectShares({ hand: '0.02' })
  expect((await stage.holds(copier)).quantity).toBe('0.01')
  const reasons = await stage.db.query<{ reason: string }>(`SELECT reason FROM decision WHERE route_id = $1 AND outcome = 'SKIPPED'`, [
    copier.routeId,
  ])
  expect(reasons).toEqual([{ reason: 'LEADER_OTHER_SHARE' }])
})

describe('a worker killed', () => {
  it.each([
    ['K6', 'close'],
    ['K8', 'close'],
    ['K7', 'add'],
  ] as const)('at %s of one share’s %s leaves both as they should be, each with its stop', async (point, what) => {
    const [trend, fade] = [await addSource('trend'), await addSource('fade')]
    await stage.alert(trend, { action: 'buy', quantity: '0.02' })
    await stage.alert(fade, { action: 'buy', quantity: '0.01' })
    await quiet()
    const before = await shares()
    await stage.db.query(`UPDATE lane SET reconcile_at = now() + interval '1 hour' WHERE account_id <> $1`, [account.accountId])
    const doomed = await startCrashWorker({ databaseUrl: stage.bench.databaseUrl, venueUrl: stage.venue.url, scale: 0.2, point })
    await stage.alert(trend, what === 'close' ? { action: 'close' } : { action: 'buy', quantity: '0.01' })
    await dispatchSignals({ ctx: stage.ctx })
    expect(await doomed.exited).toBe(137)
    // The other goes on while the outcome of the first is looked up.
    const now = await shares()
    expect(now['fade']).toEqual(before['fade'])
    // Its own stop went before its close did: hit afterwards, it would take from the other.
    expect(now['trend']).toMatchObject({ base: '0.02', stops: what === 'close' ? '0' : '0.02' })
    await stage.alert(fade, HALF)
    await quiet()
    await expectShares(what === 'close' ? { fade: '0.005' } : { trend: '0.03', fade: '0.005' })
    expect((await shares())['fade']?.stop).toBe(before['fade']?.stop)
    const accepted = (await stage.venue.ledger()).filter(({ ref }) => ref === account.accountId)
    const ids = accepted.map(({ clientOrderId }) => clientOrderId)
    expect(ids).toHaveLength(new Set(ids).size)
  })
})

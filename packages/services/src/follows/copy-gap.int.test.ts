import { randomUUID } from 'node:crypto'
import { FollowSettings, type FollowSettingsInput, type GapAmounts } from '@matic/contracts'
import { BTC, createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { getCopyGap } from './copy-gap.ts'

let desk: Desk
let leader: Person
let follower: Person
let strategyId: string
let followId: string
let followRoute: string
let count = 0

beforeAll(async () => {
  desk = await createDesk()
})
afterAll(() => desk.drop())
beforeEach(async () => {
  await desk.tidy()
  ;[leader, follower] = [await desk.makePerson(), await desk.makePerson()]
  ;[strategyId, followId, followRoute] = [randomUUID(), randomUUID(), randomUUID()]
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', 'WEBHOOK', $4)`,
    [strategyId, leader.userId, leader.accountId, leader.webhookId],
  )
})

async function begin(settings: FollowSettingsInput): Promise<void> {
  await desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at, joined_equity) VALUES ($1, $2, $3, $4, $5, $6, '2026-09-30T00:00:00Z', 1000)`,
    [followId, follower.userId, strategyId, follower.accountId, followRoute, JSON.stringify(FollowSettings.parse(settings))],
  )
  await desk.db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'WEBHOOK', $3, $4, $5)`,
    [followRoute, follower.userId, leader.webhookId, follower.accountId, followId],
  )
}

/** From now on the leader's whole account is copied, and they trade by hand at the exchange. */
async function mirror(): Promise<void> {
  await desk.db.query(`UPDATE strategy SET source_kind = 'ACCOUNT', source_id = account_id WHERE id = $1`, [strategyId])
}

/** What followers were told of the fills that the leader made last, so many of them each time; the fills say nothing of it. */
async function told(changes: readonly (readonly [signalId: string, from: string, to: string, fills: number])[]): Promise<void> {
  const fills = await desk.db.query<{ id: string }>(`SELECT trade_id AS id FROM fill WHERE account_id = $1 ORDER BY at`, [leader.accountId])
  let next = 0
  for (const [signalId, from, to, some] of changes) {
    const seen = { symbol: BTC, positionSide: 'BOTH', from, to, fills: fills.slice(next, next + some).map(({ id }) => id) }
    next += some
    await desk.db.query(
      `UPDATE signal SET source = 'ACCOUNT', source_id = $2, raw_body = convert_to($3, 'UTF8'), alert = '{"action":"buy"}' WHERE id = $1`,
      [signalId, leader.accountId, JSON.stringify(seen)],
    )
  }
  await desk.db.query(`UPDATE fill SET order_id = NULL, route_id = NULL WHERE account_id = $1`, [leader.accountId])
  await desk.db.query(`UPDATE trade SET route_id = NULL WHERE account_id = $1`, [leader.accountId])
  await desk.db.query(`DELETE FROM trade_order WHERE account_id = $1`, [leader.accountId])
}

async function signal(source = 'WEBHOOK'): Promise<string> {
  const id = randomUUID()
  await desk.db.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, committed_at, raw_body, body_hash, ticker, alert, state)
     VALUES ($1, $2, $3, $4, '2026-10-01', '2026-10-01', '', '', 'BTCUSDT', '{}', 'DISPATCHED')`,
    [id, leader.userId, source, leader.webhookId],
  )
  return id
}

type Fill = readonly [side: 'buy' | 'sell', base: string, price: string, fee: string, signalId: string | null]

/** A trade with its fills, an hour apart, each of an order of its signal or of none. */
async function trade(
  of: Person,
  routeId: string,
  opened: string,
  fills: readonly Fill[],
  { funding = '0', open = false } = {},
): Promise<string> {
  const id = randomUUID()
  const at = (hours: number) => new Date(Date.parse(opened) + hours * 3_600_000)
  const way = fills[0]?.[0] === 'buy' ? 1 : -1
  const [ins, outs] = [fills.filter(([side]) => side === fills[0]?.[0]), fills.filter(([side]) => side !== fills[0]?.[0])]
  const total = (some: readonly Fill[], pick: (fill: Fill) => Decimal.Value) =>
    some.reduce((sum, fill) => sum.add(pick(fill)), new Decimal(0))
  const quote = (some: readonly Fill[]) => total(some, ([, base, price]) => new Decimal(base).mul(price))
  const entryBase = total(ins, ([, base]) => base)
  const firstTradeId = String((count += 1))
  await desk.db.query(
    `INSERT INTO trade (id, user_id, account_id, route_id, symbol, side, opened_at, closed_at, entry_base, entry_price, exit_base, exit_price, gross_pnl, fees, fee_currency, funding, first_trade_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'USDT', $15, $16)`,
    [
      id,
      of.userId,
      of.accountId,
      routeId,
      BTC,
      way === 1 ? 'LONG' : 'SHORT',
      at(0),
      open ? null : at(fills.length - 1),
      entryBase.toFixed(),
      quote(ins).div(entryBase).toFixed(),
      total(outs, ([, base]) => base).toFixed(),
      '1',
      quote(outs).sub(quote(ins)).mul(way).toFixed(),
      total(fills, ([, , , fee]) => fee).toFixed(),
      funding,
      firstTradeId,
    ],
  )
  for (const [index, [side, base, price, fee, signalId]] of fills.entries()) {
    const tradeId = index === 0 ? firstTradeId : String((count += 1))
    const orderId = signalId === null ? null : randomUUID()
    if (orderId !== null)
      await desk.db.query(
        `INSERT INTO trade_order (id, user_id, account_id, route_id, signal_id, cause, leg, client_order_id, symbol, side, type, priority, state, filled_base)
         VALUES ($1::uuid, $2, $3, $4, $5::uuid, $5::uuid::text, $6, $1::uuid::text, $7, $8, 'market', 0, 'FILLED', $9)`,
        [
          orderId,
          of.userId,
          of.accountId,
          routeId,
          signalId,
          side === fills[0]?.[0] ? 'open' : index === fills.length - 1 ? 'close' : 'reduce',
          BTC,
          side,
          base,
        ],
      )
    await desk.db.query(
      `INSERT INTO fill (id, user_id, account_id, order_id, route_id, symbol, trade_id, exchange_order_id, side, quantity_base, price, fee, fee_currency, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7::text, $7::text, $8, $9, $10, $11, 'USDT', $12)`,
      [randomUUID(), of.userId, of.accountId, orderId, routeId, BTC, tradeId, side, base, price, fee, at(index)],
    )
  }
  if (funding !== '0')
    await desk.db.query(
      `INSERT INTO ledger_entry (id, user_id, account_id, type, amount, currency, symbol, venue_id, at) VALUES ($1::uuid, $2, $3, 'FUNDING_FEE', $4, 'USDT', $5, $1::uuid::text, $6)`,
      [randomUUID(), of.userId, of.accountId, funding, BTC, new Date(at(1).getTime() + 60_000)],
    )
  return id
}

async function decided(signalId: string, outcome: string, reason: string | null, numbers: object): Promise<void> {
  await desk.db.query(
    `INSERT INTO decision (id, signal_id, route_id, user_id, account_id, outcome, intent, reason, numbers, symbol, decided_at) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, now())`,
    [randomUUID(), signalId, followRoute, follower.userId, follower.accountId, outcome, reason, JSON.stringify(numbers), BTC],
  )
}

const read = (month?: string) => getCopyGap({ db: desk.db, input: { userId: follower.userId, followId, month, page: 1, limit: 20 } })

function adds(amounts: GapAmounts | undefined): boolean {
  if (amounts === undefined) return false
  const { leader: theirs, follower: copies, gap, slippage, fees, funding, skipped, sizing, own } = amounts
  const parts = [slippage, fees, funding, skipped, sizing, own].reduce((sum, part) => sum.add(part), new Decimal(0))
  return parts.eq(gap) && new Decimal(theirs).sub(copies).eq(gap)
}

describe('the gap of a follow', () => {
  it.each(['whose alerts are copied', 'who trades by hand at the exchange'])(
    'and a leader %s is told for each trade and month: the worked example, out of stored fills, orders and decisions',
    async (kind) => {
      await begin({ sizing: { mode: 'ratio', ratio: '0.5' } })
      const [opens, more, half, closes] = [await signal(), await signal(), await signal(), await signal()]
      await trade(
        leader,
        leader.routeId,
        '2026-10-01T00:00:00Z',
        [
          ['buy', '0.03', '50000', '0.75', opens],
          ['buy', '0.03', '51000', '0.765', more],
          ['sell', '0.03', '52000', '0.78', half],
          ['sell', '0.03', '53000', '0.318', closes],
        ],
        { funding: '-0.3' },
      )
      await trade(
        follower,
        followRoute,
        '2026-10-01T00:00:01Z',
        [
          ['buy', '0.014', '50010', '0.35007', opens],
          ['sell', '0.007', '51990', '0.181965', half],
          ['sell', '0.003', '51500', '0.07725', null],
          ['sell', '0.004', '52980', '0.10596', closes],
        ],
        { funding: '-0.06' },
      )
      await decided(opens, 'ORDERS', null, { copySizing: 'ratio', leaderBase: '0.03', ratio: '0.5', wantedBase: '0.015', fitted: 'CAPPED' })
      await decided(more, 'BLOCKED', 'SLIPPAGE', { slippagePercent: '1.4', limitPercent: '1' })
      if (kind !== 'whose alerts are copied') {
        await mirror()
        await told([
          [opens, '0', '0.03', 1],
          [more, '0.03', '0.06', 1],
          [half, '0.06', '0.03', 1],
          [closes, '0.03', '0', 1],
        ])
      }
      const { gap, meta } = await read()
      expect(meta.total).toBe(1)
      expect(gap.trades[0]).toMatchObject({
        ratio: '0.5',
        leaderBase: '0.06',
        meantBase: '0.03',
        copiedBase: '0.014',
        exact: {
          leader: '58.5435',
          follower: '29.434755',
          gap: '29.108745',
          slippage: '0.29',
          fees: '0.109045',
          funding: '-0.01',
          skipped: '21.768',
          sizing: '2.4517',
          own: '4.5',
        },
        skipped: [{ signalId: more, what: 'opening', reason: 'SLIPPAGE', numbers: { slippagePercent: '1.4' }, quote: '21.768' }],
        own: [{ cause: 'at-exchange', quantityBase: '0.003', quote: '4.5' }],
      })
      expect(gap.months).toMatchObject([
        { month: '2026-10', trades: 1, notCopied: 0, exact: { gap: '29.108745' }, cents: { gap: '29.11' } },
      ])
      for (const one of [...gap.months, ...gap.trades]) expect([adds(one.exact), adds(one.cents)]).toEqual([true, true])
    },
  )

  it('counts what made up for a missed opening with that opening: it cost slippage', async () => {
    await begin({ sizing: { mode: 'ratio', ratio: '0.5' } })
    const [opens, later, closes] = [await signal(), await signal(), await signal()]
    await trade(leader, leader.routeId, '2026-10-01T00:00:00Z', [
      ['buy', '0.03', '50000', '0', opens],
      ['sell', '0.03', '52000', '0', closes],
    ])
    await trade(follower, followRoute, '2026-10-01T00:00:01Z', [
      ['buy', '0.01', '50000', '0', opens],
      ['buy', '0.005', '50100', '0', later],
      ['sell', '0.015', '52000', '0', closes],
    ])
    await decided(opens, 'ORDERS', null, { copySizing: 'ratio', leaderBase: '0.03', ratio: '0.5', wantedBase: '0.015' })
    await desk.db.query(
      `UPDATE signal SET source = 'FOLLOW', source_id = $2, idempotency_key = 'top-up-' || (SELECT id FROM trade_order WHERE signal_id = $3 AND account_id = $4) WHERE id = $1`,
      [later, followId, opens, follower.accountId],
    )
    const [one] = (await read()).gap.trades
    expect(one).toMatchObject({ copiedBase: '0.015', exact: { gap: '0.5', slippage: '0.5', sizing: '0', own: '0' }, own: [], skipped: [] })
  })

  it('counts what was not copied at all, by the settings of that time, in reverse, and only what is over', async () => {
    await begin({ sizing: { mode: 'fixed-quote', notionalQuote: '500' }, direction: 'reverse' })
    const [first, exit, second, third] = [await signal(), await signal(), await signal(), await signal()]
    await trade(leader, leader.routeId, '2026-10-31T22:30:00Z', [
      ['buy', '0.03', '50000', '0.75', first],
      ['sell', '0.03', '49000', '0.75', exit],
    ])
    await decided(first, 'BLOCKED', 'FOLLOW_PAUSED', {})
    await trade(leader, leader.routeId, '2026-11-02T00:00:00Z', [['buy', '0.03', '50000', '0.75', second]], { open: true })
    await trade(follower, followRoute, '2026-11-02T00:00:01Z', [['sell', '0.01', '50000', '0.25', second]], { open: true })
    await trade(leader, leader.manualRouteId, '2026-11-03T00:00:00Z', [
      ['buy', '1', '50000', '0.75', third],
      ['sell', '1', '49000', '0.75', third],
    ])
    const { gap } = await read()
    // 500 USDT are a third of the leader's 1,500: short, 10 made less 0.5 of fees.
    expect(gap.months).toMatchObject([
      { month: '2026-10', trades: 1, notCopied: 1, exact: { leader: '9.5', follower: '0', gap: '9.5', skipped: '9.5' } },
    ])
    expect(gap.trades[0]).toMatchObject({ side: 'SHORT', copiedBase: '0', skipped: [{ reason: 'FOLLOW_PAUSED' }] })
    expect(gap.open).toMatchObject([{ side: 'SHORT', open: 'both' }])
    expect((await read('2026-11')).gap.trades).toEqual([])
  })

  it('is nobody else’s to read', async () => {
    await begin({ sizing: { mode: 'ratio', ratio: '1' } })
    await expect(getCopyGap({ db: desk.db, input: { userId: leader.userId, followId, page: 1, limit: 20 } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

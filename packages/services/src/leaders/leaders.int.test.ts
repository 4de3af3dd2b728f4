import { randomUUID } from 'node:crypto'
import { chainRoot, readRecord, rowHash, verifyChain } from '@matic/domain'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deleteAccount } from '../accounts/delete-account.ts'
import { putCopyTerms } from '../follows/copy-terms.ts'
import { createInvite, revokeInvite } from '../follows/invites.ts'
import { checkRecord } from './check-record.ts'
import { extendRecord } from './extend-record.ts'
import { extendRecords } from './extend-records.ts'
import { getLeader, listRecord } from './get-leader.ts'
import { listLeaders, type LeadersInput } from './list-leaders.ts'
import { changeStrategy, publishStrategy } from './own-strategies.ts'
import { figuresOf } from './save-figures.ts'
import { sha256 } from './sha256.ts'
import { verifyRecord } from './verify-record.ts'

const offer = {
  source: 'WEBHOOK' as const,
  state: 'PUBLISHED' as const,
  suggested: {},
  forced: { maxLeverage: null, marginMode: null, symbols: [] },
  profitSharePercent: '0',
  managementPercent: '0',
  maxFollowers: null,
}
const HOUR = 3_600_000
const DAY = 24 * HOUR
let desk: Desk
let leader: Person
let strategyId: string
let startMs: number

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.db.query('TRUNCATE strategy, follow, strategy_invite, record_row, record_head, strategy_figures, trade, equity_snapshot')
  leader = await desk.makePerson()
  strategyId = await publish(leader)
  // A midnight, so that some hours later it is still the same month.
  startMs = Math.floor(Date.now() / DAY) * DAY - 20 * DAY
  await backdate(strategyId)
})
afterAll(() => desk.drop())

const publish = async (person: Person, fields: { visibility?: 'PUBLIC' | 'PRIVATE'; name?: string } = {}) =>
  (
    await publishStrategy({
      ctx: desk.ctx,
      input: { userId: person.userId, accountId: person.accountId, name: 'Trend', description: '', visibility: 'PUBLIC', ...fields },
    })
  ).id
const backdate = (id: string) => desk.db.query('UPDATE strategy SET since = $2 WHERE id = $1', [id, new Date(startMs - 1)])
const worth = (person: Person, afterMs: number, equity: number, netDeposits: number) =>
  desk.db.query(
    'INSERT INTO equity_snapshot (account_id, user_id, at, equity, wallet_balance, net_deposits) VALUES ($1, $2, $3, $4, $4, $5)',
    [person.accountId, person.userId, new Date(startMs + afterMs), equity, netDeposits],
  )
async function trade(person: Person, afterMs: number, fields: { gross?: number; fees?: number } = {}): Promise<string> {
  const id = randomUUID()
  await desk.db.query(
    `INSERT INTO trade (id, user_id, account_id, symbol, side, opened_at, closed_at, entry_base, entry_price, exit_base, exit_price, gross_pnl, fees, fee_currency, first_trade_id)
     VALUES ($1::uuid, $2, $3, 'BTC/USDT:USDT', 'LONG', $4, $5, 0.1, 50000, 0.1, 51000, $6, $7, 'USDT', $1::text)`,
    [
      id,
      person.userId,
      person.accountId,
      new Date(startMs + afterMs),
      new Date(startMs + afterMs + HOUR),
      fields.gross ?? 100,
      fields.fees ?? 5,
    ],
  )
  return id
}
const follow = (person: Person) =>
  desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at) VALUES ($1, $2, $3, $4, $1, '{}', now())`,
    [randomUUID(), person.userId, strategyId, person.accountId],
  )
const extend = (id = strategyId, person = leader) =>
  extendRecord({
    ctx: desk.ctx,
    input: { strategyId: id, userId: person.userId, accountId: person.accountId, since: new Date(startMs - 1) },
  })
const verify = () => verifyRecord({ db: desk.db, input: { strategyId } })
const rows = async () =>
  (
    await desk.db.query<{ content: Record<string, unknown> }>('SELECT content FROM record_row WHERE strategy_id = $1 ORDER BY number', [
      strategyId,
    ])
  ).map((row) => row.content)
const board = async (given: Partial<LeadersInput> = {}) =>
  (
    await listLeaders({
      db: desk.db,
      input: {
        userId: leader.userId,
        window: 30,
        sort: 'roi',
        order: 'best',
        minDays: 0,
        risk: undefined,
        text: undefined,
        page: 1,
        limit: 20,
        ...given,
      },
    })
  ).leaders

/** Somebody puts a hand on the database itself. */
async function behindTheBack(sql: string, values: readonly unknown[]): Promise<void> {
  await desk.db.query('ALTER TABLE record_row DISABLE TRIGGER record_row_stays')
  await desk.db.query(sql, [...values])
  await desk.db.query('ALTER TABLE record_row ENABLE TRIGGER record_row_stays')
}

it('shows a leader by the public name they chose, else by one that tells nothing of them', async () => {
  await desk.db.query(`UPDATE app_user SET full_name = 'Ada Lovelace' WHERE id = $1`, [leader.userId])
  await worth(leader, 0, 1_000, 1_000)
  await worth(leader, HOUR, 1_010, 1_000)
  await extend()
  const named = async () => [
    (await board())[0]?.leader,
    (await getLeader({ db: desk.db, input: { userId: leader.userId, strategyId } })).leader,
  ]
  expect(await named()).toEqual(Array(2).fill(`Leader ${leader.userId.slice(-6).toUpperCase()}`))
  await desk.db.query(`UPDATE app_user SET public_name = 'Old hand' WHERE id = $1`, [leader.userId])
  expect(await named()).toEqual(['Old hand', 'Old hand'])
  expect(await board({ text: 'old HA' })).toHaveLength(1)
  expect(await board({ text: 'lovelace' })).toEqual([])
})

describe('a track record', () => {
  it('tells the value of a share without deposits, and each closed trade once', async () => {
    await worth(leader, 0, 1_000, 1_000)
    await worth(leader, 2 * HOUR, 1_100, 1_000)
    await worth(leader, 3 * HOUR, 3_100, 3_000)
    await worth(leader, 4 * HOUR, 2_790, 3_000)
    const id = await trade(leader, HOUR)
    expect(await extend()).toBe(4)
    expect(await extend()).toBe(0)
    expect(await rows()).toMatchObject([
      { kind: 'trade', tradeId: id, grossPnl: '100', fees: '5', leverage: '5' },
      { kind: 'value', growth: '1.1', pnl: '100', equity: '1100' },
      { kind: 'value', growth: '1', pnl: '0', equity: '3100', netDeposits: '3000' },
      { kind: 'value', growth: '0.9', high: '1', low: '0.9', fall: '0.1', pnl: '-310', equity: '2790' },
    ])
    expect((await board())[0]).toMatchObject({
      name: 'Trend',
      isOwn: true,
      equity: '2790',
      aum: '0',
      copiers: 0,
      figures: { roiPercent: '-1', pnl: '-210', maxDrawdownPercent: '10', winRatePercent: '100', trades: 1, medianLeverage: '5' },
      spark: [1, 1.1, 1.1, 0.99],
    })
    expect(await verify()).toMatchObject({ fits: true, rows: 4, headNumber: 4, firstFault: null, wrongFigures: [] })
  })

  it('goes on where it ended, by the hour or when a trade closes', async () => {
    await worth(leader, 0, 1_000, 1_000)
    await worth(leader, HOUR, 1_010, 1_000)
    expect(await extend()).toBe(1)
    await worth(leader, HOUR + 60_000, 1_020, 1_000)
    expect(await extend()).toBe(0)
    await trade(leader, HOUR / 2)
    expect(await extend()).toBe(2)
    await worth(leader, 3 * HOUR, 1_122, 1_000)
    expect(await extend()).toBe(1)
    expect((await rows()).flatMap(({ kind, growth }) => (kind === 'value' ? [growth] : []))).toEqual([
      '1.01',
      '1.009900990099009901',
      '1.1',
    ])
    expect((await getLeader({ db: desk.db, input: { userId: leader.userId, strategyId } })).months.at(-1)).toMatchObject({ trades: 1 })
  })

  it('corrects a trade by a further row, and takes back what was none', async () => {
    await worth(leader, 0, 1_000, 1_000)
    startMs = Date.now() - 5 * HOUR
    const corrected = await trade(leader, 0, { gross: 10 })
    const gone = await trade(leader, HOUR, { gross: 20 })
    await extend()
    await desk.db.query('UPDATE trade SET funding = -3 WHERE id = $1', [corrected])
    await desk.db.query('DELETE FROM trade WHERE id = $1', [gone])
    startMs -= 20 * DAY
    await extend()
    expect((await rows()).filter(({ kind }) => kind !== 'value').slice(2)).toMatchObject([
      { kind: 'void', tradeId: gone },
      { kind: 'trade', tradeId: corrected, funding: '-3' },
    ])
    expect(await verify()).toMatchObject({ fits: true })
  })

  it('is written once by however many processes', async () => {
    for (let hour = 0; hour < 5; hour += 1) await worth(leader, hour * HOUR, 1_000 + hour, 1_000)
    await trade(leader, HOUR)
    await Promise.all(Array.from({ length: 5 }, () => extendRecords({ ctx: desk.ctx })))
    expect(await rows()).toHaveLength(5)
    expect(await verify()).toMatchObject({ fits: true })
  })
})

describe('verifying', () => {
  beforeEach(async () => {
    for (let hour = 0; hour < 3; hour += 1) await worth(leader, hour * 2 * HOUR, 1_000 + hour * 10, 1_000)
    for (let index = 0; index < 4; index += 1) await trade(leader, index * HOUR, { gross: index - 1 })
    await extend()
  })

  it('finds the one row that was edited', async () => {
    await behindTheBack(
      `UPDATE record_row SET content = jsonb_set(content, '{grossPnl}', '"5000"') WHERE strategy_id = $1 AND number = 3`,
      [strategyId],
    )
    expect(await verify()).toMatchObject({ fits: false, headNumber: 2, firstFault: { number: 3, fault: 'content' } })
  })

  it('finds a row that was taken out, and rows missing at the end', async () => {
    await behindTheBack('DELETE FROM record_row WHERE strategy_id = $1 AND number = 6', [strategyId])
    expect(await verify()).toMatchObject({ fits: false, firstFault: { number: 6, fault: 'missing' } })
    await behindTheBack('DELETE FROM record_row WHERE strategy_id = $1 AND number = 2', [strategyId])
    expect(await verify()).toMatchObject({ fits: false, firstFault: { number: 2, fault: 'order' } })
  })

  it('finds a published figure that the rows do not come to', async () => {
    await desk.db.query('UPDATE strategy_figures SET roi_percent = 400 WHERE strategy_id = $1 AND window_days = 30', [strategyId])
    expect(await verify()).toMatchObject({ fits: false, firstFault: null, wrongFigures: [{ windowDays: 30, figure: 'roiPercent' }] })
  })

  it('needs no amounts: who is not the leader sees none of money, and every ratio comes out of what they see', async () => {
    const asked = { strategyId, kind: 'all' as const, page: 1, limit: 100 }
    const seenBy = async (userId: string, isAdmin = false) =>
      (await listRecord({ db: desk.db, input: { ...asked, userId, isAdmin } })).lines.toReversed()
    const stranger = await desk.makePerson()
    const shown = await seenBy(stranger.userId)
    expect(Object.keys(shown[0]?.content ?? {}).toSorted()).toEqual(
      'closedAtMs entryPrice exitPrice isLiquidation kind leverage openedAtMs result sealed side symbol tradeId v'.split(' '),
    )
    expect(Object.keys(shown.at(-1)?.content ?? {}).toSorted()).toEqual('fall fromMs growth high kind low sealed toMs v'.split(' '))
    expect(shown[0]?.content).toMatchObject({ result: '-0.006' })
    const whole = await seenBy(leader.userId)
    expect(whole[0]?.content).toMatchObject({ grossPnl: '-1', fees: '5', salt: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(await seenBy(stranger.userId, true)).toEqual(whole)

    const published = { number: shown.length, hash: whole.at(-1)?.hash ?? '' }
    for (const lines of [shown, whole]) expect(verifyChain(sha256, strategyId, lines, published)).toMatchObject({ firstFault: null })
    const edited = shown.map((line) => (line.number === 2 ? { ...line, content: { ...line.content, result: '9' } } : line))
    expect(verifyChain(sha256, strategyId, edited, published)).toMatchObject({ firstFault: { number: 2, fault: 'content' } })
    const figures = (lines: typeof shown) =>
      figuresOf(readRecord(lines.map(({ content }) => content))).map((one) => ({ ...one, figures: { ...one.figures, pnl: null } }))
    expect(figures(shown)).toEqual(figures(whole))
    expect(figures(shown)[1]?.figures).toMatchObject({ roiPercent: '2', winRatePercent: '0', profitFactor: '0', trades: 4 })
  })

  it('goes on with a record from before amounts were sealed', async () => {
    const before = (await rows()).map(({ v: _v, salt: _salt, result: _result, ...content }) => content)
    let previousHash = chainRoot(sha256, strategyId)
    for (const [index, content] of before.entries()) {
      const row = { number: index + 1, content, previousHash }
      const hash = rowHash(sha256, row)
      await behindTheBack('UPDATE record_row SET content = $3, previous_hash = $4, hash = $5 WHERE strategy_id = $1 AND number = $2', [
        strategyId,
        row.number,
        JSON.stringify(content),
        previousHash,
        hash,
      ])
      previousHash = hash
    }
    await desk.db.query('UPDATE record_head SET hash = $2 WHERE strategy_id = $1', [strategyId, previousHash])
    await worth(leader, 6 * HOUR, 1_050, 1_000)
    await trade(leader, 5 * HOUR)
    expect(await extend()).toBe(2)
    expect((await rows()).map(({ v }) => v ?? 1)).toEqual([1, 1, 1, 1, 1, 1, 2, 2])
    expect(await verify()).toMatchObject({ fits: true, rows: 8 })

    await desk.db.query('UPDATE strategy SET shows_amounts = false WHERE id = $1', [strategyId])
    const asked = { strategyId, isAdmin: false, kind: 'all' as const, page: 1, limit: 100 }
    const seenBy = async ({ userId }: Person) => (await listRecord({ db: desk.db, input: { ...asked, userId } })).lines.at(-1)?.content
    expect(await seenBy(leader)).toMatchObject({ grossPnl: '-1' })
    expect(Object.keys((await seenBy(await desk.makePerson())) ?? {}), 'their amounts are kept back as well').not.toContain('grossPnl')
  })

  it('is seldom needed: rows cannot be changed in passing', async () => {
    await expect(desk.db.query(`UPDATE record_row SET content = '{}' WHERE strategy_id = $1`, [strategyId])).rejects.toThrow(
      /never changed/,
    )
  })
})

describe('the leaderboard', () => {
  it('sorts by each figure, what is not known last, and narrows by age, risk and name', async () => {
    const others: { person: Person; id: string }[] = []
    for (const [index, name] of ['Young', 'Steady'].entries()) {
      const person = await desk.makePerson()
      const id = await publish(person, { name })
      others.push({ person, id })
      const days = index === 0 ? 2 : 15
      for (let day = 0; day <= days; day += 1) await worth(person, (19 - days + day) * DAY, 1_000 + day * (index + 1), 1_000)
      await extend(id, person)
    }
    await worth(leader, 0, 1_000, 1_000)
    await worth(leader, 19 * DAY, 900, 1_000)
    await extend()
    const names = async (given: Partial<LeadersInput>) => (await board(given)).map((row) => row.name)
    expect(await names({})).toEqual(['Steady', 'Young', 'Trend'])
    expect(await names({ order: 'worst' })).toEqual(['Trend', 'Young', 'Steady'])
    expect(await names({ sort: 'drawdown' })).toEqual(['Young', 'Steady', 'Trend'])
    expect((await names({ sort: 'sharpe' })).at(-1)).toBe('Young')
    expect(await names({ minDays: 7 })).toEqual(['Steady', 'Trend'])
    expect(await names({ text: 'stea' })).toEqual(['Steady'])
    expect(await names({ risk: 'UNKNOWN' })).toHaveLength(3)
    expect(await names({ risk: 'HIGH' })).toEqual([])
    expect(await names({ limit: 1, page: 2 })).toEqual(['Young'])
  })

  it('tells strangers no amount of money where the leader keeps them back; ratios and the check stay', async () => {
    const stranger = await desk.makePerson()
    const rich = await desk.makePerson()
    const richId = await publish(rich, { name: 'Rich' })
    await backdate(richId)
    for (const [person, id, gain] of [
      [leader, strategyId, 100],
      [rich, richId, 500],
    ] as const) {
      await worth(person, 0, 1_000, 1_000)
      await worth(person, HOUR, 1_000 + gain, 1_000)
      await extend(id, person)
    }
    await putCopyTerms({ ctx: desk.ctx, input: { ...offer, userId: rich.userId, strategyId: richId, showsAmounts: false } })
    const seen = async ({ userId }: Person) => {
      const [rows, view] = [await board({ userId, sort: 'pnl' }), await getLeader({ db: desk.db, input: { userId, strategyId: richId } })]
      const row = rows.find((one) => one.strategyId === richId)
      return { order: rows.map(({ name }) => name), row, view }
    }
    const [others, own] = [await seen(stranger), await seen(rich)]
    expect(others.order, 'nor is it read off its place').toEqual(['Trend', 'Rich'])
    expect(others.row).toMatchObject({ showsAmounts: false, equity: null, figures: { pnl: null, roiPercent: '50' } })
    expect(others.view).toMatchObject({ equity: null, months: [{ pnl: null, roiPercent: '50' }] })
    expect(others.view.windows.map(({ pnl }) => pnl)).toEqual([null, null, null, null, null])
    expect(own.order).toEqual(['Rich', 'Trend'])
    expect(own.row).toMatchObject({ showsAmounts: false, equity: '1500', figures: { pnl: '500' } })
    expect(own.view.months).toMatchObject([{ pnl: '500' }])
    expect(await checkRecord({ db: desk.db, input: { userId: stranger.userId, strategyId: richId } })).toMatchObject({ fits: true })
    const terms = await putCopyTerms({ ctx: desk.ctx, input: { ...offer, userId: rich.userId, strategyId: richId } })
    expect(terms.showsAmounts, 'what is not said stays').toBe(false)
  })

  it('counts who follows, and what those accounts are worth: paper beside live is not added up', async () => {
    await worth(leader, 0, 1_000, 1_000)
    await worth(leader, HOUR, 1_100, 1_000)
    await extend()
    const [first, second, live] = [await desk.makePerson(), await desk.makePerson(), await desk.makePerson({ environment: 'LIVE' })]
    for (const person of [first, second, live]) await follow(person)
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now() WHERE user_id = $1`, [second.userId])
    expect((await board({ sort: 'copiers' }))[0]).toMatchObject({ copiers: 2, aum: '10000', equity: '1100' })
  })

  it('shows a private strategy to who follows it and to who holds a code that is still good', async () => {
    await worth(leader, 0, 1_000, 1_000)
    await worth(leader, HOUR, 1_100, 1_000)
    await extend()
    await changeStrategy({ ctx: desk.ctx, input: { userId: leader.userId, strategyId, visibility: 'PRIVATE' } })
    const [follower, invited] = [await desk.makePerson(), await desk.makePerson()]
    const see = (person: Person, inviteCode?: string) =>
      getLeader({ db: desk.db, input: { userId: person.userId, strategyId, inviteCode } })
    await follow(follower)
    expect(await see(follower)).toMatchObject({ name: 'Trend', copiers: 1 })
    expect(await board({ userId: follower.userId })).toHaveLength(1)
    const { id, code } = await createInvite({
      ctx: desk.ctx,
      input: { userId: leader.userId, strategyId, maxUses: null, expiresInDays: 1 },
    })
    expect(await see(invited, code)).toMatchObject({ name: 'Trend' })
    expect(await board({ userId: invited.userId })).toEqual([])
    await expect(see(invited, 'another-code')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await revokeInvite({ ctx: desk.ctx, input: { userId: leader.userId, strategyId, inviteId: id } })
    await expect(see(invited, code)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('shows private strategies to their leader alone, and closed ones to nobody', async () => {
    await worth(leader, 0, 1_000, 1_000)
    await worth(leader, HOUR, 900, 1_000)
    await extend()
    const stranger = await desk.makePerson()
    const change = (fields: { visibility?: 'PRIVATE'; isClosed?: boolean }) =>
      changeStrategy({ ctx: desk.ctx, input: { userId: leader.userId, strategyId, ...fields } })
    await change({ visibility: 'PRIVATE' })
    expect(await board()).toHaveLength(1)
    expect(await board({ userId: stranger.userId })).toEqual([])
    await expect(getLeader({ db: desk.db, input: { userId: stranger.userId, strategyId } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(
      listRecord({ db: desk.db, input: { userId: stranger.userId, isAdmin: false, strategyId, kind: 'all', page: 1, limit: 5 } }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(changeStrategy({ ctx: desk.ctx, input: { userId: stranger.userId, strategyId, name: 'Mine' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await change({ isClosed: true })
    expect(await board()).toEqual([])
  })

  it('has one strategy on offer for an account', async () => {
    await expect(publish(leader)).rejects.toMatchObject({ code: 'CONFLICT' })
    await changeStrategy({ ctx: desk.ctx, input: { userId: leader.userId, strategyId, isClosed: true } })
    expect(await publish(leader)).not.toBe(strategyId)
    const reopen = () => changeStrategy({ ctx: desk.ctx, input: { userId: leader.userId, strategyId, isClosed: false } })
    await expect(reopen(), 'nor by opening an earlier one again').rejects.toMatchObject({ code: 'CONFLICT' })
    await desk.db.query('UPDATE strategy SET closed_at = now() WHERE user_id = $1', [leader.userId])
    expect(await reopen()).toMatchObject({ closedAt: null })
    await deleteAccount({ ctx: desk.ctx, input: { userId: leader.userId, accountId: leader.accountId, ip: null } })
    expect(await desk.db.query('SELECT 1 FROM strategy WHERE user_id = $1 AND closed_at IS NULL', [leader.userId])).toEqual([])
    await expect(reopen(), 'nor on an account that is gone').rejects.toMatchObject({ code: 'CONFLICT' })
    const stranger = await desk.makePerson()
    await expect(publish({ ...leader, userId: stranger.userId })).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
  })
})

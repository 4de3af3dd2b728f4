import type { Queryable } from '@matic/db'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { ACCOUNT_LOCK } from '../dispatch/account-lock.ts'
import { dispatchSignals } from '../dispatch/index.ts'
import { deleteAccount } from './delete-account.ts'
import { shareSymbols } from './share-symbols.ts'

let desk: Desk
let person: Person
const buy = { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' }

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.tidy()
  person = await desk.makePerson()
})
afterAll(() => desk?.drop())

const share = (sharedSymbols: 'refuse' | 'net', { userId, accountId } = person) =>
  shareSymbols({ ctx: desk.ctx, input: { userId, accountId, sharedSymbols, ip: '203.0.113.1' } })
const chosen = async () =>
  (await desk.db.query<{ is: string }>('SELECT shared_symbols AS is FROM account WHERE id = $1', [person.accountId]))[0]?.is
const audited = () =>
  desk.db.query(
    `SELECT before ->> 'sharedSymbols' AS before, after ->> 'sharedSymbols' AS after FROM audit_log WHERE user_id = $1 ORDER BY id`,
    [person.userId],
  )

const untilOneWaits = () =>
  expect.poll(() => desk.db.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)).toHaveLength(1)
const insertShare = (tx: Queryable, routeId: string) =>
  tx.query(
    `INSERT INTO position_share (id, user_id, account_id, route_id, symbol, position_side, quantity_base, entry_price, epoch) VALUES ($1, $2, $3, $4, 'BTC/USDT:USDT', 'BOTH', 0.01, 50000, 1)`,
    [desk.ctx.newId(), person.userId, person.accountId, routeId],
  )

it('refuses to begin with, and is changed there and back while nothing is open, each change told and audited once', async () => {
  expect(await chosen()).toBe('refuse')
  expect(await share('net')).toMatchObject({ id: person.accountId, sharedSymbols: 'net' })
  await share('net')
  expect(await audited()).toEqual([{ before: 'refuse', after: 'net' }])
  expect(desk.published).toHaveLength(1)
  expect(await share('refuse')).toMatchObject({ sharedSymbols: 'refuse' })
  expect(await audited()).toHaveLength(2)
})

it.each(['a position', 'a share', 'an order on its way'])('is refused while there is %s', async (what) => {
  if (what === 'a position') await desk.hold(person)
  if (what === 'a share') await insertShare(desk.db, person.routeId)
  if (what === 'an order on its way') {
    await desk.send(person, buy)
    await dispatchSignals({ ctx: desk.ctx })
  }
  await expect(share('net')).rejects.toMatchObject({ code: 'ACCOUNT_IN_USE' })
  expect(await chosen()).toBe('refuse')
  expect(await audited()).toEqual([])
})

it('waits for a decision about the account that is under way, and is refused for what that ordered', async () => {
  let changing: Promise<unknown> = Promise.resolve()
  await desk.db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [ACCOUNT_LOCK, person.accountId])
    changing = share('net').catch((error: unknown) => error)
    await untilOneWaits()
    await tx.query(
      `INSERT INTO position (id, user_id, account_id, symbol, side, quantity_base, synced_at) VALUES ($1, $2, $3, 'BTC/USDT:USDT', 'LONG', 0.01, now())`,
      [desk.ctx.newId(), person.userId, person.accountId],
    )
  })
  expect(await changing).toMatchObject({ code: 'ACCOUNT_IN_USE' })
  expect(await chosen()).toBe('refuse')
})

it('holds for a decision that has begun before the change and is made after it', async () => {
  const signal = await desk.send(person, buy)
  let dispatching: Promise<unknown> = Promise.resolve()
  await desk.db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [ACCOUNT_LOCK, person.accountId])
    dispatching = dispatchSignals({ ctx: desk.ctx })
    await untilOneWaits()
    await tx.query(`UPDATE account SET shared_symbols = 'net' WHERE id = $1`, [person.accountId])
    await insertShare(tx, person.manualRouteId)
  })
  await dispatching
  expect(await desk.decisionOf(signal)).toMatchObject({ outcome: 'ORDERS', intent: 'open', reason: null })
})

it('is nobody else’s to choose, and ends with the account', async () => {
  const other = await desk.makePerson()
  await expect(share('net', { ...person, userId: other.userId })).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
  await deleteAccount({ ctx: desk.ctx, input: { userId: person.userId, accountId: person.accountId, ip: null } })
  await expect(share('net')).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
})

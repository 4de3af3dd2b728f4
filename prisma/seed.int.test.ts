import { createHash } from 'node:crypto'
import { createDb } from '@matic/db'
import { createDatabase } from '@matic/testkit'
import { expect, it } from 'vitest'
import { seed } from './seed.ts'

it('brings the development users once, and leaves alone what they changed', async () => {
  await using database = await createDatabase()
  const first = await seed({ databaseUrl: database.url, webhookToken: 'the-first-token' })
  const db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 1 })
  await db.query('UPDATE bot_settings SET max_positions = 9')
  const count = async () =>
    db.query(
      `SELECT (SELECT count(*)::int FROM app_user) AS users, (SELECT count(*)::int FROM account) AS accounts, (SELECT count(*)::int FROM lane) AS lanes,
              (SELECT count(*)::int FROM webhook) AS webhooks, (SELECT count(*)::int FROM route) AS routes, (SELECT count(*)::int FROM kill_switch WHERE NOT engaged) AS switches`,
    )
  expect(await count()).toEqual([{ users: 2, accounts: 1, lanes: 1, webhooks: 1, routes: 2, switches: 1 }])

  const again = await seed({ databaseUrl: database.url, webhookToken: 'another-token' })
  expect(again).toEqual(first)
  expect(await count()).toEqual([{ users: 2, accounts: 1, lanes: 1, webhooks: 1, routes: 2, switches: 1 }])

  const [trader] = await db.query(
    `SELECT u.role, b.max_positions, b.default_leverage, b.max_leverage, b.risk_per_trade::float8 AS risk, b.stop_loss_percent::float8 AS stop, b.take_profit_percent::float8 AS target,
            s.plan, s.status, a.key_status, a.opening_deposit::float8 AS deposit, w.token_hash AS hash
       FROM app_user u JOIN bot_settings b ON b.user_id = u.id JOIN subscription s ON s.user_id = u.id JOIN account a ON a.user_id = u.id JOIN webhook w ON w.user_id = u.id`,
  )
  expect(trader).toEqual({
    role: 'USER',
    max_positions: 9,
    default_leverage: 10,
    max_leverage: 50,
    risk: 2,
    stop: 5,
    target: 10,
    plan: 'MONTHLY',
    status: 'ACTIVE',
    key_status: 'OPENING',
    deposit: 10_000,
    hash: createHash('sha256').update('the-first-token').digest(),
  })
  await db.close()
})

it('never runs in production', async () => {
  await expect(seed({ databaseUrl: 'postgresql://nobody@127.0.0.1:1/none', env: { NODE_ENV: 'production' } })).rejects.toThrow(/production/)
})

import { createHash } from 'node:crypto'
import { createDb } from '@matic/db'
import { createDatabase } from '@matic/testkit'
import { expect, it } from 'vitest'
import { seed } from './seed.ts'
import { seedFollowers } from './seed-followers.ts'

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

it('brings as many followers as asked for, each with an account that trades the demo user’s alerts, and adds what is missing', async () => {
  await using database = await createDatabase()
  const { userId } = await seed({ databaseUrl: database.url })
  const followers = { databaseUrl: database.url, leaderUserId: userId, password: 'user123456', depositUsdt: '500' }
  expect(await seedFollowers({ ...followers, count: 3 })).toBe(3)
  expect(await seedFollowers({ ...followers, count: 5 })).toBe(2)
  const db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 1 })
  const rows = await db.query(
    `SELECT u.email, a.opening_deposit::float8 AS deposit, a.key_status AS key, count(l.account_id)::int AS lanes, count(b.user_id)::int AS rules, count(s.user_id)::int AS plans
       FROM route r JOIN webhook w ON w.id = r.source_id AND w.user_id = $1 JOIN app_user u ON u.id = r.user_id JOIN account a ON a.id = r.account_id
       LEFT JOIN lane l ON l.account_id = a.id LEFT JOIN bot_settings b ON b.user_id = u.id LEFT JOIN subscription s ON s.user_id = u.id
      WHERE u.id <> $1 GROUP BY 1, 2, 3 ORDER BY 1`,
    [userId],
  )
  expect(rows).toEqual(
    [1, 2, 3, 4, 5].map((number) => ({
      email: `follower-0000${number}@matic.test`,
      deposit: 500,
      key: 'OPENING',
      lanes: 1,
      rules: 1,
      plans: 1,
    })),
  )
  await db.close()
})

it('never runs in production', async () => {
  await expect(seed({ databaseUrl: 'postgresql://nobody@127.0.0.1:1/none', env: { NODE_ENV: 'production' } })).rejects.toThrow(/production/)
})

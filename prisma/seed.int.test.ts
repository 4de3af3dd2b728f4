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

it('brings as many follows of the demo user’s strategy as asked for, adds what is missing, and moves those who had a route of their own', async () => {
  await using database = await createDatabase()
  const { userId } = await seed({ databaseUrl: database.url })
  const followers = { databaseUrl: database.url, leaderUserId: userId, password: 'user123456', depositUsdt: '500' }
  expect(await seedFollowers({ ...followers, count: 3 })).toBe(3)
  expect(await seedFollowers({ ...followers, count: 3 })).toBe(0)
  const db = createDb({ databaseUrl: database.url, applicationName: 'test', poolSize: 1 })
  // As an earlier version left one.
  await db.query(`DELETE FROM follow WHERE user_id = (SELECT id FROM app_user WHERE email = 'follower-00002@matic.test')`)
  await db.query(
    `UPDATE route SET follow_id = NULL WHERE source_kind = 'WEBHOOK' AND user_id = (SELECT id FROM app_user WHERE email = 'follower-00002@matic.test')`,
  )
  expect(await seedFollowers({ ...followers, count: 12 })).toBe(10)
  const rows = await db.query<{ email: string; sizing: string }>(
    `SELECT u.email, a.opening_deposit::float8 AS deposit, a.key_status AS key, s.name AS strategy, f.settings->'sizing'->>'mode' AS sizing,
            (SELECT count(*)::int FROM route r WHERE r.user_id = u.id AND r.source_kind = 'WEBHOOK' AND r.is_active) AS routes,
            (SELECT count(*)::int FROM lane l WHERE l.account_id = a.id) AS lanes, (SELECT count(*)::int FROM bot_settings b WHERE b.user_id = u.id) AS rules,
            (SELECT count(*)::int FROM subscription p WHERE p.user_id = u.id) AS plans
       FROM follow f JOIN strategy s ON s.id = f.strategy_id AND s.user_id = $1 JOIN app_user u ON u.id = f.user_id JOIN account a ON a.id = f.account_id
       JOIN route r ON r.id = f.route_id AND r.follow_id = f.id AND r.source_id = s.source_id ORDER BY 1`,
    [userId],
  )
  const numbers = Array.from({ length: 12 }, (_, index) => String(index + 1).padStart(5, '0'))
  const each = { deposit: 500, key: 'OPENING', strategy: 'Demo trend', routes: 1, lanes: 1, rules: 1, plans: 1 }
  expect(rows).toEqual(numbers.map((number) => ({ email: `follower-${number}@matic.test`, sizing: expect.any(String), ...each })))
  expect(new Set(rows.map(({ sizing }) => sizing)).size, 'ways of sizing').toBe(8)
  await db.close()
})

it('never runs in production', async () => {
  await expect(seed({ databaseUrl: 'postgresql://nobody@127.0.0.1:1/none', env: { NODE_ENV: 'production' } })).rejects.toThrow(/production/)
})

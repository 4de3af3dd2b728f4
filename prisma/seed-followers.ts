import { createDb, type Transaction } from '@matic/db'
import { createClock, createIds, createRandom } from '@matic/platform'
import { createPasswords } from '@matic/services/auth/index'
import { insertFollows, variedSettings } from './insert-follows.ts'

export interface FollowersOptions {
  readonly databaseUrl: string
  readonly count: number
  /** Whose strategy they follow: the one on offer, or one that is offered now. */
  readonly leaderUserId: string
  /** Everybody's. */
  readonly password: string
  readonly depositUsdt: string
}

const PLAN_DAYS = 30
const STRATEGY = { name: 'Demo trend', description: 'What the demo trader’s webhook is told, copied by the seeded followers.' }

/**
 * So many users, each with rules and a paper account for a worker to open that follows the leader's strategy, each with settings of their
 * own. Run again it adds what is missing. Not for production: call it after `seed`, which refuses.
 * @returns how many follow now who did not before
 */
export async function seedFollowers({ databaseUrl, count, leaderUserId, password, depositUsdt }: FollowersOptions): Promise<number> {
  const db = createDb({ databaseUrl, applicationName: 'seed', poolSize: 1 })
  const newId = createIds({ clock: createClock(), random: createRandom() })
  const passwords = createPasswords()
  try {
    // One for all: a thousand hashes would take minutes.
    const hash = await passwords.hash(password)
    return await db.transaction(async (tx) => {
      const offered = await offerStrategy(tx, newId, leaderUserId)
      const people = await seedPeople(tx, newId, { count, hash, depositUsdt })
      // Who traded the leader's alerts by a route of their own would trade them twice.
      await tx.query(
        `UPDATE route SET is_active = false WHERE source_kind = 'WEBHOOK' AND source_id = $1 AND follow_id IS NULL AND user_id = ANY($2::uuid[])`,
        [offered.webhookId, people.map(({ userId }) => userId)],
      )
      const follows = people.map((person) => ({
        ...person,
        id: newId(),
        routeId: newId(),
        settings: variedSettings(person.number),
        equity: depositUsdt,
      }))
      return (await insertFollows(tx, { ...offered, follows })).length
    })
  } finally {
    await passwords.close()
    await db.close()
  }
}

async function offerStrategy(
  tx: Transaction,
  newId: () => string,
  leaderUserId: string,
): Promise<{ strategyId: string; webhookId: string }> {
  const [leader] = await tx.query<{ webhookId: string; accountId: string }>(
    `SELECT w.id AS "webhookId", a.id AS "accountId" FROM webhook w JOIN account a ON a.user_id = w.user_id AND a.environment = 'PAPER' AND a.deleted_at IS NULL
      WHERE w.user_id = $1 AND w.is_active ORDER BY w.created_at, w.id, a.created_at, a.id LIMIT 1`,
    [leaderUserId],
  )
  if (leader === undefined) throw new Error('Nobody to follow: the leader has no webhook or no paper account')
  const [known] = await tx.query<{ id: string; webhookId: string | null }>(
    `UPDATE strategy SET source_kind = coalesce(source_kind, 'WEBHOOK'), source_id = coalesce(source_id, $2)
      WHERE account_id = $1 AND closed_at IS NULL AND coalesce(source_kind, 'WEBHOOK') = 'WEBHOOK' RETURNING id, source_id AS "webhookId"`,
    [leader.accountId, leader.webhookId],
  )
  if (known) return { strategyId: known.id, webhookId: known.webhookId ?? leader.webhookId }
  const strategyId = newId()
  await tx.query(
    `INSERT INTO strategy (id, user_id, account_id, name, description, visibility, since, source_kind, source_id)
     VALUES ($1, $2, $3, $4, $5, 'PUBLIC', clock_timestamp(), 'WEBHOOK', $6)`,
    [strategyId, leaderUserId, leader.accountId, STRATEGY.name, STRATEGY.description, leader.webhookId],
  )
  return { strategyId, webhookId: leader.webhookId }
}

interface Person {
  /** From 1. */
  readonly number: number
  readonly userId: string
  readonly accountId: string
}

/** Those that there are, and those that were missing. */
async function seedPeople(
  tx: Transaction,
  newId: () => string,
  { count, hash, depositUsdt }: { count: number; hash: string; depositUsdt: string },
): Promise<Person[]> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const emails = numbers.map((number) => `follower-${String(number).padStart(5, '0')}@matic.test`)
  const added = await tx.query<{ id: string }>(
    `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified)
     SELECT i, e, $3, 'Follower ' || substr(e, 10, 5), true, true FROM unnest($1::uuid[], $2::text[]) AS x(i, e)
     ON CONFLICT (email) DO NOTHING RETURNING id`,
    [emails.map(() => newId()), emails, hash],
  )
  const users = added.map(({ id }) => id)
  const accounts = users.map(() => newId())
  await tx.query(
    `INSERT INTO subscription (user_id, plan, status, start_date, end_date)
     SELECT u, 'MONTHLY', 'ACTIVE', now(), now() + make_interval(days => $2) FROM unnest($1::uuid[]) AS u`,
    [users, PLAN_DAYS],
  )
  await tx.query('INSERT INTO bot_settings (user_id) SELECT u FROM unnest($1::uuid[]) AS u', [users])
  await tx.query(
    `INSERT INTO account (id, user_id, exchange, environment, label, key_status, opening_deposit)
     SELECT a, u, 'PAPER', 'PAPER', 'Paper', 'OPENING', $3 FROM unnest($1::uuid[], $2::uuid[]) AS x(a, u)`,
    [accounts, users, depositUsdt],
  )
  await tx.query('INSERT INTO lane (account_id) SELECT a FROM unnest($1::uuid[]) AS a', [accounts])
  await tx.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id)
     SELECT gen_random_uuid(), u, 'MANUAL', a, a FROM unnest($1::uuid[], $2::uuid[]) AS x(u, a)`,
    [users, accounts],
  )
  return tx.query<Person>(
    `SELECT DISTINCT ON (u.id) x.number::int AS number, u.id AS "userId", a.id AS "accountId"
       FROM unnest($1::text[]) WITH ORDINALITY AS x(email, number) JOIN app_user u ON u.email = x.email
       JOIN account a ON a.user_id = u.id AND a.environment = 'PAPER' AND a.deleted_at IS NULL ORDER BY u.id, a.created_at, a.id`,
    [emails],
  )
}

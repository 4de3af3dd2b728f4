import { createDb } from '@matic/db'
import { createClock, createIds, createRandom } from '@matic/platform'
import { createPasswords } from '@matic/services/auth/index'

export interface FollowersOptions {
  readonly databaseUrl: string
  readonly count: number
  /** Whose alerts they trade. */
  readonly leaderUserId: string
  /** Everybody's. */
  readonly password: string
  readonly depositUsdt: string
}

const PLAN_DAYS = 30

/**
 * So many users, each with rules and a paper account for a worker to open that trades the leader's alerts. Run again it adds what is missing.
 * Not for production: call it after `seed`, which refuses.
 * @returns how many were added
 */
export async function seedFollowers({ databaseUrl, count, leaderUserId, password, depositUsdt }: FollowersOptions): Promise<number> {
  const db = createDb({ databaseUrl, applicationName: 'seed', poolSize: 1 })
  const newId = createIds({ clock: createClock(), random: createRandom() })
  const passwords = createPasswords()
  try {
    // One for all: a thousand hashes would take minutes.
    const hash = await passwords.hash(password)
    const people = Array.from({ length: count }, (_, index) => ({
      id: newId(),
      number: String(index + 1).padStart(5, '0'),
      accountId: newId(),
    }))
    return await db.transaction(async (tx) => {
      const [webhook] = await tx.query<{ id: string }>(
        'SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1',
        [leaderUserId],
      )
      if (webhook === undefined) throw new Error('Nobody to follow: the leader has no webhook')
      const added = await tx.query<{ id: string }>(
        `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified)
         SELECT i, 'follower-' || n || '@matic.test', $3, 'Follower ' || n, true, true FROM unnest($1::uuid[], $2::text[]) AS x(i, n)
         ON CONFLICT (email) DO NOTHING RETURNING id`,
        [people.map(({ id }) => id), people.map(({ number }) => number), hash],
      )
      const isAdded = new Set(added.map(({ id }) => id))
      const fresh = people.filter(({ id }) => isAdded.has(id))
      const users = fresh.map(({ id }) => id)
      const accounts = fresh.map(({ accountId }) => accountId)
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
         SELECT gen_random_uuid(), u, k, CASE k WHEN 'WEBHOOK' THEN $3::uuid ELSE a END, a
           FROM unnest($1::uuid[], $2::uuid[]) AS x(u, a), unnest(ARRAY['WEBHOOK', 'MANUAL']) AS k`,
        [users, accounts, webhook.id],
      )
      return added.length
    })
  } finally {
    await passwords.close()
    await db.close()
  }
}

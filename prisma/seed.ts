import { createDb, type Transaction } from '@matic/db'
import { createClock, createIds, createRandom, randomToken } from '@matic/platform'
import { createPasswords } from '@matic/services/auth/index'
import { ensureBot } from '@matic/services/bot/ensure-bot'

export interface SeedOptions {
  readonly databaseUrl: string
  /** NODE_ENV decides whether seeding is allowed, SEED_WEBHOOK_TOKEN becomes the demo user's webhook token. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly webhookToken?: string
  /** Of the known passwords, as in `createPasswords`; tests sign in often. */
  readonly passwordCost?: number
}

interface Person {
  readonly email: string
  readonly password: string
  readonly fullName: string
  readonly role: 'USER' | 'SUPER_ADMIN'
  readonly plan: 'MONTHLY' | 'YEARLY'
}

const admin: Person = { email: 'admin@matic.test', password: 'admin123456', fullName: 'Administrator', role: 'SUPER_ADMIN', plan: 'YEARLY' }
const trader: Person = { email: 'user@matic.test', password: 'user123456', fullName: 'Demo Trader', role: 'USER', plan: 'MONTHLY' }

const PLAN_DAYS = { MONTHLY: 30, YEARLY: 365 }
const OPENING_DEPOSIT_USDT = '10000'

/**
 * The development users, a paper account for a worker to open, rules and a webhook. Run again it adds what is missing and leaves
 * the rest as it is.
 * @throws Error in production
 */
export async function seed(options: SeedOptions): Promise<{ userId: string }> {
  if (options.env?.['NODE_ENV'] === 'production')
    throw new Error('The development users have known passwords: they are never created with NODE_ENV=production')
  const db = createDb({ databaseUrl: options.databaseUrl, applicationName: 'seed', poolSize: 1 })
  const clock = createClock()
  const random = createRandom()
  const newId = createIds({ clock, random })
  const token = options.webhookToken ?? options.env?.['SEED_WEBHOOK_TOKEN'] ?? randomToken({ random })
  const passwords = createPasswords(options.passwordCost === undefined ? {} : { cost: options.passwordCost })
  try {
    const hashes = new Map<string, string>()
    for (const person of [admin, trader]) {
      const known = await db.query('SELECT 1 FROM app_user WHERE email = $1', [person.email])
      if (known.length === 0) hashes.set(person.email, await passwords.hash(person.password))
    }
    return await db.transaction(async (tx) => {
      await seedPerson({ tx, newId, hashes, person: admin })
      const userId = await seedPerson({ tx, newId, hashes, person: trader })
      await seedTrading({ tx, newId, userId, token })
      // Everything is set up for this one: no first steps to take.
      await tx.query('INSERT INTO user_mark (user_id, onboarding_dismissed_at) VALUES ($1, now()) ON CONFLICT (user_id) DO NOTHING', [
        userId,
      ])
      await tx.query(`INSERT INTO kill_switch (scope, engaged) VALUES ('GLOBAL', false) ON CONFLICT (scope) DO NOTHING`)
      return { userId }
    })
  } finally {
    await passwords.close()
    await db.close()
  }
}

interface PersonSeed {
  readonly tx: Transaction
  readonly newId: () => string
  readonly hashes: ReadonlyMap<string, string>
  readonly person: Person
}

async function seedPerson({ tx, newId, hashes, person }: PersonSeed): Promise<string> {
  const [user] = await tx.query<{ id: string }>(
    `INSERT INTO app_user (id, email, password_hash, full_name, role, is_active, is_email_verified) VALUES ($1, $2, $3, $4, $5, true, true)
     ON CONFLICT (email) DO UPDATE SET role = excluded.role, is_active = true, is_email_verified = true RETURNING id`,
    [newId(), person.email, hashes.get(person.email) ?? '-', person.fullName, person.role],
  )
  if (!user) throw new Error(`${person.email} could not be created`)
  await tx.query(
    `INSERT INTO subscription AS s (user_id, plan, status, start_date, end_date) VALUES ($1, $2, 'ACTIVE', now(), now() + make_interval(days => $3))
     ON CONFLICT (user_id) DO UPDATE SET status = 'ACTIVE', end_date = greatest(s.end_date, excluded.end_date)`,
    [user.id, person.plan, PLAN_DAYS[person.plan]],
  )
  await tx.query('INSERT INTO bot_settings (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [user.id])
  return user.id
}

async function seedTrading({
  tx,
  newId,
  userId,
  token,
}: {
  tx: Transaction
  newId: () => string
  userId: string
  token: string
}): Promise<void> {
  const accountId = await findOrInsert(
    tx,
    [`SELECT id FROM account WHERE user_id = $1 AND environment = 'PAPER' ORDER BY created_at, id LIMIT 1`, [userId]],
    [
      `INSERT INTO account (id, user_id, exchange, environment, label, key_status, opening_deposit) VALUES ($1, $2, 'PAPER', 'PAPER', 'Paper', 'OPENING', $3) RETURNING id`,
      [newId(), userId, OPENING_DEPOSIT_USDT],
    ],
  )
  await tx.query('INSERT INTO lane (account_id) VALUES ($1) ON CONFLICT (account_id) DO NOTHING', [accountId])

  const webhookId = await ensureBot(tx, { newId, userId, token })
  for (const [kind, sourceId] of [
    ['WEBHOOK', webhookId],
    ['MANUAL', accountId],
  ]) {
    await tx.query(
      `INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (source_kind, source_id, account_id) WHERE follow_id IS NULL DO NOTHING`,
      [newId(), userId, kind, sourceId, accountId],
    )
  }
}

type Statement = readonly [text: string, values: readonly unknown[]]

async function findOrInsert(tx: Transaction, find: Statement, insert: Statement): Promise<string> {
  const [known] = await tx.query<{ id: string }>(...find)
  if (known) return known.id
  const [made] = await tx.query<{ id: string }>(...insert)
  if (!made) throw new Error('An INSERT answered no row')
  return made.id
}

import { randomUUID } from 'node:crypto'
import { FollowSettings, type FollowSettingsInput } from '@matic/contracts'
import type { Db } from '@matic/db'
import { insertFollows } from '@matic/prisma/insert-follows'
import { createClock, createIds, createRandom, createSealer, createSecret } from '@matic/platform'
import { exchangeKeyBinding, maskApiKey, type SealedCredentials } from '@matic/services/accounts/key-binding'
import { newestSealingKey } from '@matic/services/accounts/newest-sealing-key'
import { createPaperBank } from '@matic/services/accounts/paper-bank'
import { ensureSealingKey } from '@matic/services/accounts/sealing-keys'
import type { RigBase } from '../../chaos/rig.ts'
import { createTraders, type Trader } from '../../chaos/traders.ts'

export interface Followers {
  readonly leader: Trader
  readonly followers: readonly FollowerAccount[]
}

export interface FollowerAccount extends Trader {
  readonly credentials: SealedCredentials
}

export interface FollowersWanted {
  readonly base: RigBase
  readonly encryptionKey: Buffer
  readonly count: number
  readonly depositUsdt?: string
}

const AT_ONCE = 50

/** One leader with a strategy, and that many users with an opened paper account each that follows it; the leader trades nothing. */
export async function openFollowers({ base, encryptionKey, count, depositUsdt = '10000' }: FollowersWanted): Promise<Followers> {
  const { db } = base
  const traders = await createTraders(db, { count: count + 1, depositUsdt })
  const [leader, ...others] = traders
  if (leader === undefined) throw new Error('No leader')
  const random = createRandom()
  const newId = createIds({ clock: createClock(), random })
  await ensureSealingKey({ db, random, newId, encryptionKey: createSecret(new Uint8Array(encryptionKey)) })

  const bank = createPaperBank({ venueUrl: base.venueUrl, adminToken: createSecret(base.venueAdminToken) })
  const followers: FollowerAccount[] = []
  for (let from = 0; from < others.length; from += AT_ONCE) {
    const some = others.slice(from, from + AT_ONCE)
    const opened = await Promise.all(some.map((trader) => bank.openAccount({ ref: trader.accountId, depositUsdt })))
    followers.push(...some.map((trader, index) => ({ ...trader, credentials: credentialsAt(opened, index) })))
  }
  await storeOpened(db, followers, depositUsdt)
  await db.query('DELETE FROM route WHERE account_id = ANY($1::uuid[])', [[leader, ...followers].map(({ accountId }) => accountId)])
  await follow(db, leader, followers, depositUsdt)
  return { leader, followers }
}

/** Sized in every way that goes by nothing but the alert, so that all open. */
async function follow(db: Db, leader: Trader, followers: readonly FollowerAccount[], equity: string): Promise<void> {
  const strategyId = randomUUID()
  const sizings: readonly FollowSettingsInput['sizing'][] = [
    { mode: 'ratio', ratio: '1' },
    { mode: 'fixed-quantity', quantityBase: '0.004' },
    { mode: 'fixed-quote', notionalQuote: '500' },
    { mode: 'percent-of-equity', percent: '1' },
  ]
  await db.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO strategy (id, user_id, account_id, name, since, source_kind, source_id) VALUES ($1, $2, $3, 'Leader', clock_timestamp(), 'WEBHOOK', $4)`,
      [strategyId, leader.userId, leader.accountId, leader.webhookId],
    )
    const follows = followers.map(({ userId, accountId }, index) => {
      const settings = FollowSettings.parse({ sizing: sizings[index % sizings.length] })
      return { id: randomUUID(), routeId: randomUUID(), userId, accountId, settings, equity }
    })
    await insertFollows(tx, { strategyId, webhookId: leader.webhookId, follows })
  })
}

function credentialsAt(opened: readonly SealedCredentials[], index: number): SealedCredentials {
  const found = opened[index]
  if (found === undefined) throw new Error('An account was not opened')
  return found
}

/** As workers would have left them: keys sealed, balances read, each due to be compared with the exchange some time within a round. */
async function storeOpened(db: Db, followers: readonly FollowerAccount[], depositUsdt: string): Promise<void> {
  const key = await newestSealingKey(db)
  if (!key) throw new Error('No sealing key')
  const sealer = createSealer(key)
  const sealed = await Promise.all(
    followers.map(({ accountId, userId, credentials }) =>
      sealer.seal(JSON.stringify(credentials), exchangeKeyBinding({ accountId, userId })),
    ),
  )
  const accounts = followers.map((one) => one.accountId)
  const users = followers.map((one) => one.userId)
  await db.transaction(async (tx) => {
    await tx.query(
      `UPDATE account SET key_status = 'VALID', masked_api_key = m FROM unnest($1::uuid[], $2::text[]) AS x(a, m) WHERE account.id = x.a`,
      [accounts, followers.map((one) => maskApiKey(one.credentials.apiKey))],
    )
    await tx.query(
      `INSERT INTO exchange_key (account_id, user_id, sealing_key_id, sealed)
       SELECT a, u, $3, convert_to(s, 'UTF8') FROM unnest($1::uuid[], $2::uuid[], $4::text[]) AS x(a, u, s)`,
      [accounts, users, key.id, sealed],
    )
    await tx.query(
      `INSERT INTO account_state (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, net_deposits, income_cursor, synced_at)
       SELECT a, u, $3, $3, 0, $3, 0, $3, (extract(epoch FROM clock_timestamp() - random() * interval '4 minutes') * 1000)::bigint::text, clock_timestamp() FROM unnest($1::uuid[], $2::uuid[]) AS x(a, u)`,
      [accounts, users, depositUsdt],
    )
    await tx.query(
      `UPDATE lane SET is_calm = true, reconcile_at = clock_timestamp() + random() * interval '30 seconds' WHERE account_id = ANY($1::uuid[])`,
      [accounts],
    )
  })
}

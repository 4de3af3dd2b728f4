import { createHash, randomUUID } from 'node:crypto'
import { BLANK_ALERT, type AccountProbe } from '@matic/contracts'
import type { Db } from '@matic/db'
import type { Actor } from '@matic/services/auth/index'
import type { TestApi } from '../start-api.ts'

/** Somebody, with a session that has just proved who they are. */
export interface Person {
  readonly userId: string
  readonly token: string
}

/** Everything that can be somebody's, once, in texts and ids that would be known again anywhere. */
export interface World extends Person {
  /** Columns called so in other tables hold these ids. */
  readonly ids: Readonly<Record<string, string>>
  /** Nobody else may ever read one of these. */
  readonly secrets: readonly string[]
}

interface Column {
  readonly table: string
  readonly name: string
  readonly type: string
}

/** Nobody else is worth this. */
const FIGURE = '31337.4242'
/** What a text column takes where it is not free. */
const WORDS: Readonly<Record<string, string>> = {
  exchange: 'PAPER',
  environment: 'PAPER',
  symbol: 'BTC/USDT:USDT',
  ticker: 'BTCUSDT',
  'account.key_status': 'VALID',
  'trade_order.side': 'buy',
  'trade_order.type': 'limit',
  'trade_order.leg': 'open',
  'trade_order.state': 'ACKED',
  'fill.side': 'buy',
  'account.shared_symbols': 'net',
  'position.side': 'LONG',
  'copy_remainder.side': 'LONG',
  'follow_detachment.side': 'LONG',
  'follow_detachment.cause': 'BY_HAND',
  'mirror_mark.side': 'LONG',
  'fan_out.state': 'RELEASED',
  'trade.side': 'LONG',
  'route.source_kind': 'MANUAL',
  'signal.source': 'MANUAL',
  'signal.state': 'DISPATCHED',
  'delivery.outcome': 'REJECTED',
  'decision.outcome': 'ORDERS',
  'decision.intent': 'open',
  'ledger_entry.type': 'FUNDING_FEE',
  'exchange_request.kind': 'SYNC',
  'exchange_request.state': 'DONE',
  'fact.kind': 'note-added',
  'fact.level': 'INFO',
  'subscription.plan': 'YEARLY',
  'subscription.status': 'ACTIVE',
  'mail.template': 'password-changed',
  'strategy.visibility': 'PRIVATE',
  'copy_drift.way': 'reduces',
  'copy_drift.cause': 'manual-change',
  'copy_drift.position_side': 'BOTH',
  'copy_drift_sample.position_side': 'BOTH',
  'follow.state': 'ACTIVE',
  'follow.settings': '{"sizing":{"mode":"ratio","ratio":"1"}}',
  'record_head.days': '365',
  'strategy_figures.window_days': '90',
  'account_state.equity': FIGURE,
  'account_state.wallet_balance': FIGURE,
  'equity_snapshot.equity': FIGURE,
  'equity_snapshot.wallet_balance': FIGURE,
  'trade.gross_pnl': FIGURE,
}
const CURRENCIES = new Set(['currency', 'fee_currency'])
/** Filled in although they may be empty: they are read. */
const ALSO = new Set([
  'account.shared_symbols',
  'label',
  'phone',
  'address',
  'user_agent',
  'ip',
  'reason',
  'masked_api_key',
  'fact.level',
  'strategy.visibility',
  'record_head.days',
  'trade.closed_at',
  'trade.exit_price',
  'trade.gross_pnl',
  'user_version',
  'previous_token_tail',
])
/** Whose id a column such as order_id holds. */
const TABLES: Readonly<Record<string, string>> = { order: 'trade_order', user: 'app_user' }
/** Made for people by other means, or nothing of theirs. */
const SKIPPED = new Set(['app_user', 'user_stream', 'user_mark'])

export async function makePerson(api: TestApi, role: Actor['role'], name: string): Promise<Person> {
  const userId = randomUUID()
  await api.db.query(
    `INSERT INTO app_user (id, email, password_hash, full_name, phone, address, role, is_active, is_email_verified)
     VALUES ($1, $2, '-', $3, $3, $3, $4, true, true)`,
    [userId, `${name}@matic.test`, name, role],
  )
  await api.db.query('INSERT INTO bot_settings (user_id) VALUES ($1)', [userId])
  return { userId, token: await openSession(api, userId, name) }
}

async function openSession(api: TestApi, userId: string, name: string): Promise<string> {
  const familyId = randomUUID()
  await api.db.query(
    `INSERT INTO session (id, user_id, family_id, token_hash, user_agent, proved_at, expires_at) VALUES ($1, $2, $3, $4, $5, now(), now() + interval '1 day')`,
    [randomUUID(), userId, familyId, createHash('sha256').update(familyId).digest(), name],
  )
  return api.ctx.tokens.signAccess({ userId, familyId, sessionVersion: 1 })
}

/** A row in every table that has a user_id, made from the database's own description: a table that is new is in it from its first day. */
export async function makeWorld(api: TestApi): Promise<World> {
  const canary = `canary-${randomUUID().slice(0, 8)}`
  const { userId, token } = await makePerson(api, 'USER', canary)
  const ids: Record<string, string> = { app_user: userId }
  const columns = await readColumns(api.db)
  const tables = [...new Set(columns.map(({ table }) => table))].filter((table) => !SKIPPED.has(table))
  for (const table of tables) ids[table] = randomUUID()
  const familyId = randomUUID()

  await api.db.query('INSERT INTO sealing_key (id, public_key, wrapped_private_key) VALUES ($1, $2, $2)', [
    (ids['sealing_key'] = randomUUID()),
    Buffer.alloc(32, 7),
  ])
  await api.db.transaction(async (tx) => {
    // Rows may stand in any order.
    await tx.query(`SET LOCAL session_replication_role = 'replica'`)
    for (const table of tables) {
      const mine = columns.filter((column) => column.table === table)
      const values = mine.map((column) => fill(column))
      const places = mine.map((_, index) => `$${index + 1}`).join(', ')
      await tx.query(
        `INSERT INTO "${table}" (${mine.map(({ name }) => `"${name}"`).join(', ')}) VALUES (${places}) ON CONFLICT DO NOTHING`,
        values,
      )
    }
  })
  // One order still works, one is history.
  await api.db.query(`INSERT INTO trade_order SELECT (jsonb_populate_record(o, $2)).* FROM trade_order o WHERE id = $1`, [
    ids['trade_order'],
    JSON.stringify({
      id: randomUUID(),
      client_order_id: `${canary}-ended`,
      cause: `${canary}-ended`,
      state: 'FILLED',
      ended_at: new Date(),
    }),
  ])
  await api.db.query('INSERT INTO user_stream (user_id, version) VALUES ($1, 1)', [userId])
  await api.db.query('INSERT INTO lane (account_id) VALUES ($1) ON CONFLICT DO NOTHING', [ids['account']])
  const known = Object.entries(ids).filter(([table]) => table !== 'sealing_key')
  return { userId, token, ids: { ...ids, session: familyId }, secrets: [canary, FIGURE, familyId, ...known.map(([, id]) => id)] }

  function fill({ table, name, type }: Column): unknown {
    if (name === 'user_id') return userId
    if (table === 'session' && name === 'family_id') return familyId
    if (name === 'id' && type === 'uuid') return ids[table]
    if (name === 'source_id') return ids['account']
    if (name === 'user_version') return '1'
    if (name.endsWith('_id') && type === 'uuid') {
      const of = name.slice(0, -3)
      return ids[TABLES[of] ?? of] ?? randomUUID()
    }
    const word = WORDS[`${table}.${name}`] ?? WORDS[name]
    if (word !== undefined) return word
    if (CURRENCIES.has(name)) return 'USDT'
    return fillByType(table, name, type)
  }

  function fillByType(table: string, name: string, type: string): unknown {
    if (type === 'uuid') return randomUUID()
    if (type === 'text' || type === 'character varying') return canary
    if (type === 'bytea') return Buffer.from(`${canary} ${table} ${name}`.padEnd(32).slice(0, 32))
    if (type === 'jsonb') return JSON.stringify(jsonOf(`${table}.${name}`, canary))
    if (type === 'boolean') return false
    if (type.startsWith('timestamp'))
      return name.startsWith('expires') || name.endsWith('_until') || name === 'end_date' ? new Date(Date.now() + 86_400_000) : new Date()
    if (type === 'ARRAY') return []
    return '1'
  }
}

const PROBE: AccountProbe = {
  permissions: { read: true, trade: true, futures: true, withdraw: false, transfer: false },
  ipRestricted: true,
  ipAddresses: [],
  expiresAtMs: null,
  positionMode: 'ONE_WAY',
  marginMode: 'cross',
  holdsFutures: true,
  clockOffsetMs: 0,
  openPositions: 1,
  equity: '1',
}

function jsonOf(column: string, canary: string): unknown {
  if (column === 'account_check.probe') return PROBE
  if (column === 'account_check.findings') return []
  if (column === 'signal.alert') return { ...BLANK_ALERT, ticker: 'BTCUSDT', action: 'buy', comment: canary }
  return column === 'fact.payload' ? { text: canary } : {}
}

async function readColumns(db: Db): Promise<Column[]> {
  return db.query<Column>(
    `SELECT c.table_name AS table, c.column_name AS name, c.data_type AS type
       FROM information_schema.columns c JOIN information_schema.tables b USING (table_schema, table_name)
      WHERE c.table_schema = 'public' AND b.table_type = 'BASE TABLE' AND (c.column_default IS NULL OR c.table_name || '.' || c.column_name = ANY($1))
        AND (c.is_nullable = 'NO' OR c.column_name = ANY($1) OR c.table_name || '.' || c.column_name = ANY($1) OR (c.column_name LIKE '%\\_id' AND c.data_type = 'uuid'))
        AND EXISTS (SELECT 1 FROM information_schema.columns u WHERE u.table_schema = 'public' AND u.table_name = c.table_name AND u.column_name = 'user_id')
      ORDER BY c.table_name, c.ordinal_position`,
    [[...ALSO]],
  )
}

/** How to ask whether a row of somebody's has changed, in any table: two answers are the same as long as none has. */
export async function digester(db: Db, { userId, ids }: World): Promise<() => Promise<string>> {
  const [sql] = await db.query<{ text: string }>(
    `SELECT string_agg(format('SELECT %L || coalesce(string_agg(md5(t::text), '','' ORDER BY md5(t::text)), '''') AS d FROM %I t WHERE %s', table_name, table_name, clause), ' UNION ALL ') AS text
       FROM (SELECT table_name, string_agg(format('t.%I = $1::text%s', column_name, CASE WHEN data_type = 'uuid' THEN '::uuid' ELSE '' END), ' OR ') AS clause
               FROM information_schema.columns
              WHERE table_schema = 'public' AND (column_name = 'user_id' OR (table_name = 'app_user' AND column_name = 'id') OR (table_name = 'kill_switch' AND column_name = 'scope'))
              GROUP BY table_name) AS tables`,
  )
  const text = `SELECT md5(string_agg(d, ' ' ORDER BY d)) AS d FROM (${sql?.text ?? ''} UNION ALL SELECT t::text FROM lane t WHERE account_id = $2::uuid) AS everything`
  return async () => (await db.query<{ d: string }>(text, [userId, ids['account']]))[0]?.d ?? ''
}

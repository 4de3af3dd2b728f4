import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { FollowSettings } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { createSecret } from '@matic/platform'
import { createPaperBank } from '@matic/services/accounts/paper-bank'
import { startTestCluster } from '../../cluster.ts'
import { createWitness, type Witness } from '../../chaos/witness.ts'
import { makeAccount, type TestAccount } from '../../execution/factories.ts'
import { startStack } from '../../stack.ts'

export interface MirrorOptions {
  /** Trades of the leader measured with the stream, and as many without. */
  readonly trades: number
  readonly say: (line: string) => void
}

/** Leader's fill at the venue → follower's order at the venue, ms, of each trade. */
export interface MirrorFigures {
  readonly streamed: readonly number[]
  readonly polled: readonly number[]
}

type Trade = (side: 'BUY' | 'SELL', reduceOnly: boolean) => Promise<void>

const QUANTITY_BASE = '0.02'
const BLOCK = 5
const STREAM_DENIED = {
  rules: [
    { name: 'no-key', path: '/fapi/v1/listenKey', action: { kind: 'status', status: 500 } },
    { name: 'cut', method: 'EVENT', action: { kind: 'stream', what: 'cut' } },
  ],
}

/** One leader who trades at the venue by hand and one follower, through a real worker: in turns with the private stream and without. */
export async function runMirror({ trades, say }: MirrorOptions): Promise<MirrorFigures> {
  await using cluster = await startTestCluster()
  await using stack = await startStack({ timingsScale: 1, templateUrl: cluster.templateUrl })
  const db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'bench', poolSize: 2, onError: () => undefined })
  const adminToken = stack.secrets.VENUE_ADMIN_TOKEN
  const witness = createWitness({ url: stack.venueUrl, adminToken })
  try {
    const [leader, follower] = [await makeAccount(db, { keyStatus: 'OPENING' }), await makeAccount(db, { keyStatus: 'OPENING' })]
    await until('the accounts are open', async () => (await readAccounts(db)) === 2)
    await mirror(db, leader, follower)
    const bank = createPaperBank({ venueUrl: stack.venueUrl, adminToken: createSecret(adminToken) })
    const keys = await bank.openAccount({ ref: leader.accountId, depositUsdt: '10000' })
    const trade: Trade = (side, reduceOnly) =>
      place(stack.venueUrl, keys, { side, quantity: QUANTITY_BASE, ...(reduceOnly && { reduceOnly }) })

    const figures = { streamed: new Array<number>(), polled: new Array<number>() }
    for (let done = 0; done < trades; done += BLOCK) {
      for (const [kind, faults] of [
        ['streamed', { rules: [] }],
        ['polled', STREAM_DENIED],
      ] as const) {
        await witness.setFaults(faults)
        if (kind === 'polled') await lose(trade)
        await until(kind, async () => (await isStreamed(db)) === (kind === 'streamed'))
        // What opening or losing the stream has woken is over.
        await sleep(6_000)
        for (let count = 0; count < BLOCK; count += 1) figures[kind].push(...(await measure(db, witness, follower, trade)))
        say(`mirror: ${kind} ${figures[kind].slice(-2 * BLOCK).join(', ')} ms`)
      }
    }
    return figures
  } finally {
    await db.close()
  }
}

/** The next event cuts the stream, and there is no key for another. */
async function lose(trade: Trade): Promise<void> {
  await trade('BUY', false)
  await sleep(2_000)
  await trade('SELL', true)
}

/** There and back, each at a moment of its own. */
async function measure(db: Db, witness: Witness, follower: TestAccount, trade: Trade): Promise<number[]> {
  const took: number[] = []
  for (const side of ['BUY', 'SELL'] as const) {
    await until('nobody is at work', async () => (await working(db)) === 0)
    await sleep(300 + Math.random() * 1_000)
    const sinceMs = Date.now() - 5
    await trade(side, side === 'SELL')
    const find = async () => {
      const orders = (await witness.orders(sinceMs)).filter((order) => order.type === 'MARKET' && order.side === side)
      const own = orders.find(({ ref }) => ref === follower.accountId)
      const theirs = orders.find(({ ref }) => ref !== follower.accountId)
      return own && theirs ? own.acceptedAt - theirs.acceptedAt : undefined
    }
    await until('the follower has it', async () => (await find()) !== undefined)
    took.push((await find()) ?? Infinity)
  }
  return took
}

async function mirror(db: Db, leader: TestAccount, follower: TestAccount): Promise<void> {
  const [strategyId, followId, routeId] = [randomUUID(), randomUUID(), randomUUID()]
  const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '0.5' } })
  await db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'By hand', 'ACCOUNT', $3)`,
    [strategyId, leader.userId, leader.accountId],
  )
  await db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())`,
    [followId, follower.userId, strategyId, follower.accountId, routeId, JSON.stringify(settings)],
  )
  await db.query(`INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'ACCOUNT', $3, $4, $5)`, [
    routeId,
    follower.userId,
    leader.accountId,
    follower.accountId,
    followId,
  ])
}

async function place(venueUrl: string, keys: { apiKey: string; secret: string }, order: Record<string, unknown>): Promise<void> {
  const query = new URLSearchParams({ symbol: 'BTCUSDT', type: 'MARKET', timestamp: String(Date.now()), ...strings(order) }).toString()
  const signature = createHmac('sha256', keys.secret).update(query).digest('hex')
  const response = await fetch(`${venueUrl}/fapi/v1/order?${query}&signature=${signature}`, {
    method: 'POST',
    headers: { 'x-mbx-apikey': keys.apiKey },
  })
  if (!response.ok) throw new Error(`The leader's order was refused: ${await response.text()}`)
}

const strings = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))

const readAccounts = async (db: Db) => (await db.query('SELECT 1 FROM account_state')).length
const isStreamed = async (db: Db) => (await db.query('SELECT 1 FROM account_stream WHERE healthy_until > clock_timestamp()')).length === 1
/** Positions without their stop, and orders on their way. */
const working = async (db: Db) =>
  (
    await db.query(
      `SELECT 1 FROM trade_order WHERE state IN ('READY', 'SUBMITTING', 'UNKNOWN') OR (state IN ('ACKED', 'PARTIAL') AND leg IN ('open', 'close', 'reduce'))
       UNION ALL SELECT 1 FROM position WHERE quantity_base > 0 AND protection = 'PROTECTING'`,
    )
  ).length

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await holds()); await sleep(5)) {
    if (Date.now() > deadline) throw new Error(`Not within a minute: ${what}`)
  }
}

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { FollowSettings, type FollowSettingsInput } from '@matic/contracts'
import { parseAlert } from '@matic/domain'
import { checkAccounts } from '@matic/services/accounts/check-accounts'
import { dispatchSignals } from '@matic/services/dispatch/index'
import { startFollow, sweepFollows } from '@matic/services/follows/index'
import { publishMarks } from '@matic/services/markets/publish-marks'
import { manualAlert } from '@matic/services/trading/manual-alert'
import { createSharedCommit } from '@matic/services/webhook/index'
import { createBench, type TestWorker } from '../execution/bench.ts'
import { SYMBOL } from '../execution/factories.ts'
import { openPaperAccount, throughVenue } from '../execution/paper.ts'
import { startVenue, type TestVenue } from '../execution/venue.ts'

export interface Trader {
  readonly userId: string
  readonly accountId: string
  readonly webhookId: string
  readonly manualRouteId: string
}

export interface Copier extends Trader {
  readonly followId: string
  readonly routeId: string
}

export type Stage = Awaited<ReturnType<typeof createStage>>

const COPY: FollowSettingsInput = { sizing: { mode: 'ratio', ratio: '0.5' } }

/** Leaders and followers who trade at the real venue, and workers whose rounds a test makes. */
export async function createStage({ workers: count = 1 } = {}) {
  const venue: TestVenue = await startVenue()
  const bench = await createBench({ ...throughVenue(venue.url), scale: 0.2 })
  const workers: TestWorker[] = []
  for (let index = 0; index < count; index += 1) workers.push(await bench.worker())
  const first = workers[0]
  if (!first) throw new Error('no worker')
  const { ctx } = first
  const { db } = ctx
  const ingest = createSharedCommit({ ctx, db })
  const port = must(ctx.exchanges.get('PAPER'))

  async function makeTrader(): Promise<Trader> {
    const account = await openPaperAccount(ctx, venue.bank)
    const [webhookId, manualRouteId] = [randomUUID(), randomUUID()]
    await db.query(
      `INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1::uuid, $2, sha256($1::uuid::text::bytea), 'tail')`,
      [webhookId, account.userId],
    )
    await db.query(
      `INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1::uuid, $2::uuid, 'WEBHOOK', $3::uuid, $4::uuid), ($5::uuid, $2::uuid, 'MANUAL', $4::uuid, $4::uuid)`,
      [randomUUID(), account.userId, webhookId, account.accountId, manualRouteId],
    )
    return { ...account, webhookId, manualRouteId }
  }

  /** Their alerts, or whatever becomes of their account. */
  async function offer(leader: Trader, source: 'WEBHOOK' | 'ACCOUNT' = 'WEBHOOK'): Promise<string> {
    const id = randomUUID()
    await db.query(`INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', $4, $5)`, [
      id,
      leader.userId,
      leader.accountId,
      source,
      source === 'WEBHOOK' ? leader.webhookId : leader.accountId,
    ])
    return id
  }

  /** Long and short stand beside each other from now on. Nothing may be open. */
  async function hedge({ accountId }: Trader): Promise<void> {
    await venue.hedge(accountId)
    await db.query(`UPDATE account SET check_at = 'epoch' WHERE id = $1`, [accountId])
    await checkAccounts({ ...ctx, exchanges: ctx.exchanges })
  }

  /** Half of the leader's size unless said otherwise. */
  async function follow(
    strategyId: string,
    settings: Partial<FollowSettingsInput> = {},
    join: Parameters<typeof startFollow>[0]['input']['join'] = { mode: 'flat' },
  ): Promise<Copier> {
    const trader = await makeTrader()
    await until(async () => (await db.query('SELECT 1 FROM account_state WHERE account_id = $1', [trader.accountId])).length === 1)
    const { id: followId } = await startFollow({
      ctx,
      input: {
        userId: trader.userId,
        strategyId,
        accountId: trader.accountId,
        settings: FollowSettings.parse({ ...COPY, ...settings }),
        inviteCode: undefined,
        join,
        requestId: null,
      },
    })
    const [route] = await db.query<{ id: string }>('SELECT id FROM route WHERE follow_id = $1', [followId])
    return { ...trader, followId, routeId: route?.id ?? '' }
  }

  /** The alert as the door takes it in. */
  async function alert(leader: Trader, body: Record<string, unknown>): Promise<string> {
    const rawBody = Buffer.from(JSON.stringify({ symbol: 'BTCUSDT', ...body }))
    const parsed = parseAlert(rawBody)
    if (!parsed.ok) throw new Error(parsed.message)
    const stored = { id: ctx.newId(), userId: leader.userId, source: 'WEBHOOK' as const, sourceId: leader.webhookId, rawBody }
    const { alert: understood } = parsed
    const { signalId } = await ingest.submit({
      ...stored,
      receivedAtMs: ctx.clock.now(),
      alert: { ...understood, idempotencyKey: understood.idempotencyKey ?? randomUUID() },
      requestId: null,
      deliveryId: null,
    })
    return signalId
  }

  /** What a trader does themselves at the dashboard. Quantity base. */
  async function byHand(trader: Trader, action: 'buy' | 'sell' | 'close', quantity: string | null = null): Promise<void> {
    await ingest.submit({
      id: ctx.newId(),
      userId: trader.userId,
      source: 'MANUAL',
      sourceId: trader.accountId,
      receivedAtMs: ctx.clock.now(),
      rawBody: Buffer.from(JSON.stringify({ action, quantity })),
      alert: manualAlert({ ticker: SYMBOL, action, quantity, idempotencyKey: randomUUID(), atMs: ctx.clock.now() }),
      requestId: null,
      deliveryId: null,
    })
  }

  /** One turn of every loop of every worker. */
  async function round(): Promise<void> {
    await publishMarks({ ctx, exchange: 'PAPER', port, store: true })
    await Promise.all(workers.map((worker) => dispatchSignals({ ctx: worker.ctx })))
    await Promise.all(workers.map((worker) => worker.settle()))
    await Promise.all(workers.map((worker) => worker.runner.reconcile()))
    await Promise.all(workers.map((worker) => worker.runner.settled()))
  }

  async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
    for (const deadline = Date.now() + withinMs; !(await holds()); await sleep(20)) {
      if (Date.now() > deadline) throw new Error(`not in time:\n${await account()}`)
      await round()
    }
  }

  /** What stands where, for whoever reads a test that failed. */
  async function account(): Promise<string> {
    const rows = await db.query(
      `SELECT o.account_id, o.leg, o.state, o.reason, o.quantity_base::text, o.filled_base::text FROM trade_order o ORDER BY o.account_id, o.created_at`,
    )
    const decisions = await db.query(`SELECT account_id, outcome, intent, reason, numbers FROM decision ORDER BY decided_at`)
    return JSON.stringify([rows, decisions, await db.query('SELECT * FROM position')], null, 1)
  }

  /** Signed base at the venue and in our rows, and whether its protection stands. */
  async function holds(trader: Trader, symbol = SYMBOL) {
    const [row] = await db.query<{ quantity: string; protection: string; routeId: string | null; stop: string | null }>(
      `SELECT trim_scale(CASE side WHEN 'LONG' THEN quantity_base ELSE -quantity_base END)::text AS quantity, protection, route_id AS "routeId", trim_scale(stop_price)::text AS stop
         FROM position WHERE account_id = $1 AND symbol = $2`,
      [trader.accountId, symbol],
    )
    return row ?? { quantity: '0', protection: 'NONE', routeId: null, stop: null }
  }

  async function atVenue(trader: Trader): Promise<string> {
    const [position] = (await venue.positions()).filter(({ ref, positionAmt }) => ref === trader.accountId && Number(positionAmt) !== 0)
    return position === undefined ? '0' : String(Number(position.positionAmt))
  }

  async function gaps(): Promise<number> {
    return Number((await db.query<{ n: string }>('SELECT copy_decision_gaps() AS n'))[0]?.n)
  }

  return {
    venue,
    bench,
    workers,
    ctx,
    db,
    ingest,
    makeTrader,
    offer,
    hedge,
    follow,
    alert,
    byHand,
    round,
    sweep: () => sweepFollows({ ctx, input: { sinceMs: undefined } }),
    until,
    holds,
    atVenue,
    gaps,
    async [Symbol.asyncDispose]() {
      await ingest.close()
      for (const worker of workers) await worker[Symbol.asyncDispose]()
      await bench[Symbol.asyncDispose]()
      await venue[Symbol.asyncDispose]()
    },
  }
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there')
  return value
}

import { randomUUID } from 'node:crypto'
import type { Db } from '@matic/db'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** The administrator leads, with a record of 60 days to be: the worker writes it as soon as it runs. */
export async function makeLeader(db: Db, strategyId: string): Promise<void> {
  const [leader] = await db.query<{ id: string }>(`SELECT id FROM app_user WHERE email = 'admin@matic.test'`)
  const accountId = randomUUID()
  const startMs = Math.floor(Date.now() / DAY) * DAY - 60 * DAY
  await db.query(
    `INSERT INTO account (id, user_id, exchange, environment, label, key_status, check_at) VALUES ($1, $2, 'PAPER', 'PAPER', 'Leading', 'VALID', 'infinity')`,
    [accountId, leader?.id],
  )
  await db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, description, since) VALUES ($1, $2, $3, 'Old hand', 'Buys what rises.', $4)`,
    [strategyId, leader?.id, accountId, new Date(startMs)],
  )
  const worth = Array.from({ length: 60 * 4 }, (_, step) => ({
    at: new Date(startMs + step * 6 * HOUR),
    equity: 10_000 + step * 12 + Math.round(Math.sin(step / 9) * 350),
  }))
  await db.query(
    `INSERT INTO equity_snapshot (account_id, user_id, at, equity, wallet_balance, net_deposits) SELECT $1, $2, x.at, x.e, x.e, 10000 FROM unnest($3::timestamptz[], $4::numeric[]) AS x(at, e)`,
    [accountId, leader?.id, worth.map(({ at }) => at), worth.map(({ equity }) => equity)],
  )
  for (let index = 0; index < 24; index += 1) {
    const openedMs = startMs + (index * 2.4 + 0.5) * DAY
    const heldMs = [4 * 60_000, HOUR, 5 * HOUR, 30 * HOUR][index % 4] ?? HOUR
    await db.query(
      `INSERT INTO trade (id, user_id, account_id, symbol, side, opened_at, closed_at, entry_base, entry_price, exit_base, exit_price, gross_pnl, fees, fee_currency, first_trade_id)
       VALUES ($1::uuid, $2, $3, 'BTC/USDT:USDT', $4, $5, $6, $7, 50000, $7, 50500, $8, 4.2, 'USDT', $1::text)`,
      [
        randomUUID(),
        leader?.id,
        accountId,
        index % 3 === 0 ? 'SHORT' : 'LONG',
        new Date(openedMs),
        new Date(openedMs + heldMs),
        [0.1, 0.3, 0.5, 0.9][index % 4],
        index % 3 === 0 ? -80 : 190,
      ],
    )
  }
}

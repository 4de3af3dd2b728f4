import { hash } from 'node:crypto'
import { createDb } from '@matic/db'
import { createPasswords } from '@matic/services/auth/index'

export const busyTrader = { id: '01970000-0000-7000-8000-00000000b051', email: 'busy@matic.test', password: 'busy-password-1' }
const ACCOUNT = '01970000-0000-7000-8000-00000000ac01'
const WEBHOOK = '01970000-0000-7000-8000-00000000ac02'
const TOKEN = 'a-webhook-token-of-a-busy-trader-0123456789'
export const busyWebhookPath = `/api/webhook/${busyTrader.id}/${TOKEN}`

/** Somebody with years of trading behind them: as many signals, orders, trades and lines of the activity log as asked for. */
export async function addBusyTrader({ databaseUrl, rows }: { databaseUrl: string; rows: number }): Promise<void> {
  const db = createDb({ databaseUrl, applicationName: 'test', poolSize: 1, statementTimeoutMs: 60_000 })
  const passwords = createPasswords()
  const { id, email, password } = busyTrader
  const symbol = `(ARRAY['BTC/USDT:USDT','ETH/USDT:USDT','SOL/USDT:USDT'])[1 + g % 3]`
  const ago = `now() - g * interval '17 minutes'`
  await db.query(
    `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified) VALUES ($1, $2, $3, 'Busy Trader', true, true)`,
    [id, email, await passwords.hash(password)],
  )
  await db.query(
    `INSERT INTO subscription (user_id, plan, status, start_date, end_date) VALUES ($1, 'YEARLY', 'ACTIVE', now(), now() + interval '1 year')`,
    [id],
  )
  await db.query(`INSERT INTO user_mark (user_id, onboarding_dismissed_at) VALUES ($1, now())`, [id])
  await db.query(
    `INSERT INTO account (id, user_id, exchange, environment, label, is_active, key_status) VALUES ($1, $2, 'PAPER', 'PAPER', 'Old hand', false, 'VALID')`,
    [ACCOUNT, id],
  )
  await db.query(`INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, $3, '6789')`, [
    WEBHOOK,
    id,
    hash('sha256', TOKEN, 'buffer'),
  ])
  await db.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, ticker, alert, state)
     SELECT gen_random_uuid(), $1, 'WEBHOOK', $2, ${ago}, convert_to('{"ticker":"BTCUSDT.P","action":"buy","quantity":"0.0' || g || '","comment":"number ' || g || '"}', 'UTF8'),
            sha256(int4send(g)), 'BTCUSDT.P', $3::jsonb, 'DISPATCHED' FROM generate_series(1, $4::int) AS g`,
    [id, WEBHOOK, JSON.stringify(PLAIN_ALERT), rows],
  )
  await db.query(
    `INSERT INTO trade_order (id, user_id, account_id, cause, leg, client_order_id, symbol, side, type, quantity_base, state, priority, filled_base, average_price, created_at, ended_at)
     SELECT gen_random_uuid(), $1, $2, 'busy ' || g, 'open', 'busy-' || g, ${symbol}, CASE WHEN g % 2 = 0 THEN 'buy' ELSE 'sell' END, 'market', 0.5,
            CASE WHEN g % 7 = 0 THEN 'REJECTED' ELSE 'FILLED' END, 2, CASE WHEN g % 7 = 0 THEN 0 ELSE 0.5 END, 100 + g % 50, ${ago}, ${ago}
       FROM generate_series(1, $3::int) AS g`,
    [id, ACCOUNT, rows],
  )
  await db.query(
    `INSERT INTO trade (id, user_id, account_id, symbol, side, opened_at, closed_at, entry_base, entry_price, exit_base, exit_price, gross_pnl, fees, fee_currency, first_trade_id)
     SELECT gen_random_uuid(), $1, $2, ${symbol}, CASE WHEN g % 2 = 0 THEN 'LONG' ELSE 'SHORT' END, ${ago} - interval '10 minutes', ${ago}, 0.5, 100 + g % 50, 0.5, 101 + g % 50,
            (g % 11 - 5) * 1.37, 0.04, 'USDT', g::text FROM generate_series(1, $3::int) AS g`,
    [id, ACCOUNT, rows],
  )
  await db.query(
    `INSERT INTO fact (user_id, user_version, kind, entity, entity_id, payload, level, at)
     SELECT $1::uuid, $2::int - g + 1, 'note-added', 'user', $1::uuid::text, jsonb_build_object('level', 'INFO', 'text', 'line ' || g || repeat(' and more of it', g % 9)), 'INFO', ${ago}
       FROM generate_series($2::int, 1, -1) AS g`,
    [id, rows],
  )
  await db.query(`INSERT INTO user_stream (user_id, version) VALUES ($1, $2)`, [id, rows])
  await passwords.close()
  await db.close()
}

const PLAIN_ALERT = {
  dialect: 'json',
  ticker: 'BTCUSDT.P',
  tickerExchange: null,
  action: 'buy',
  marketPosition: null,
  previousMarketPosition: null,
  marketPositionSize: null,
  previousMarketPositionSize: null,
  quantity: '0.01',
  orderType: 'market',
  price: null,
  signalPrice: null,
  leverage: null,
  stopLoss: null,
  takeProfit: null,
  idempotencyKey: null,
  alertAtMs: null,
  comment: null,
}

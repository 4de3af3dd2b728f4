import { randomUUID } from 'node:crypto'
import { createDb, type Db } from '@matic/db'
import { seed } from '@matic/prisma/seed'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'

const trader = { email: 'user@matic.test', password: 'user123456' }
const admin = { email: 'admin@matic.test', password: 'admin123456' }
const HOUR = 3_600_000
const DAY = 24 * HOUR

let stack: Stack
let browser: Browser
let page: Page
let db: Db
const strategyId = randomUUID()
const webhookToken = randomUUID()
let traderId: string

/** A leader with a record of 60 days to be: the worker writes it as soon as it runs. */
async function makeLeader(): Promise<void> {
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

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({
      web: true,
      timingsScale: 1,
      async prepare({ databaseUrl }) {
        traderId = (await seed({ databaseUrl, webhookToken })).userId
        db = createDb({ databaseUrl, applicationName: 'test', poolSize: 2, onError: () => undefined })
        await makeLeader()
      },
    }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  page = await signIn(trader)
  const rows = () => db.query<{ rows: number }>('SELECT number AS rows FROM record_head WHERE strategy_id = $1', [strategyId])
  await vi.waitUntil(async () => ((await rows())[0]?.rows ?? 0) > 0, { timeout: 30_000, interval: 250 })
})
afterAll(async () => {
  await browser?.close()
  await db?.close()
  await stack?.stop()
})

async function signIn(person: { email: string; password: string }): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, reducedMotion: 'reduce' })
  const opened = await context.newPage()
  await opened.goto(`${stack.webUrl}/login`)
  await opened.getByTestId('login-email').fill(person.email)
  await opened.getByTestId('login-password').fill(person.password)
  await opened.getByTestId('login-submit').click()
  await opened.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
  return opened
}

it('lists leaders by figures, sorted and narrowed in the address', async () => {
  await page.goto(`${stack.webUrl}/copy`)
  const row = page.getByTestId('leader-row')
  await row.getByText('Old hand').waitFor()
  expect(await row.innerText()).toMatch(/▲\s\+\d+\.\d\d %/)
  await page.getByTestId('order').click()
  await page.waitForURL(/order=worst/)
  await page.goto(`${stack.webUrl}/copy?days=90`)
  await page.getByText('No strategy fits these filters').waitFor()
  await page.getByTestId('show-young').click()
  await row.getByText('Old hand').waitFor()
  expect(await accessibilityProblems(page)).toEqual([])
})

it('shows a leader with curve, months, spread and the rule behind the risk', async () => {
  await page.getByTestId('leader-link').click()
  await page.getByTestId('leader-figures').waitFor()
  expect(await page.getByTestId('leader-figures').innerText()).toContain('66.7 %')
  expect(await page.getByTestId('month-row').count()).toBeGreaterThanOrEqual(2)
  await page.getByTestId('risk-rule').getByText('Medium: everything between.').waitFor()
  expect(await page.getByTestId('record-row').count()).toBe(10)
  expect(await accessibilityProblems(page)).toEqual([])
})

it('checks the record, and names the row that somebody edited', async () => {
  const verdict = page.getByTestId('verdict')
  await page.getByTestId('verify').click()
  await verdict.getByText(/^All \d+ rows fit/).waitFor()
  await db.query('ALTER TABLE record_row DISABLE TRIGGER record_row_stays')
  await db.query(`UPDATE record_row SET content = jsonb_set(content, '{grossPnl}', '"9999"') WHERE strategy_id = $1 AND number = 7`, [
    strategyId,
  ])
  await page.getByTestId('verify').click()
  await verdict.getByText('Row 7 is not what was published').waitFor()
  expect(await verdict.getAttribute('data-fits')).toBe('false')
})

it('publishes, renames and withdraws a strategy of one’s own', async () => {
  await page.goto(`${stack.webUrl}/lead`)
  await page.getByText('You have not published anything yet').waitFor()
  await page.getByTestId('publish').click()
  await page.getByTestId('strategy-name').fill('My trend')
  await page.getByTestId('strategy-description').fill('One trade a week.')
  await page.getByTestId('confirm').click()
  const own = page.getByTestId('own-strategy')
  await own.getByText('My trend').waitFor()
  await page.getByTestId('edit-strategy').click()
  await page.getByTestId('strategy-name').fill('My calm trend')
  await page.getByTestId('confirm').click()
  await own.getByText('My calm trend').waitFor()
  await page.getByTestId('withdraw').click()
  await page.getByTestId('confirm').click()
  await own.getByText('withdrawn').waitFor()
  expect(await accessibilityProblems(page)).toEqual([])
})

/** An account of the administrator at the venue. @returns its name */
async function openPaperAccount(): Promise<string> {
  const send = async (path: string, body: object, token?: string) => {
    const answer = await fetch(stack.apiUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    })
    return z.object({ data: z.object({ accessToken: z.string().optional() }) }).parse(await answer.json()).data
  }
  const { accessToken } = await send('/api/auth/login', admin)
  await send('/api/exchange/paper-accounts', { label: 'Copies' }, accessToken)
  const ready = () =>
    db.query(`SELECT 1 FROM account a JOIN account_state s ON s.account_id = a.id WHERE a.label = 'Copies' AND a.key_status = 'VALID'`)
  await vi.waitUntil(async () => (await ready()).length > 0, { timeout: 30_000, interval: 100 })
  return 'Copies'
}

it('is followed from the dialog, copies what the webhook takes in, and stops with everything closed', async () => {
  const [, account] = await Promise.all([page.goto(`${stack.webUrl}/lead`), openPaperAccount()])
  await page.getByTestId('publish').click()
  await page.getByTestId('strategy-name').fill('Pulse')
  await page.getByTestId('confirm').click()
  await page.getByTestId('own-strategy').filter({ hasText: 'Pulse' }).getByTestId('open-console').click()
  await page.getByTestId('save-offer').click()
  await page.getByTestId('offer').getByText('open for copying').first().waitFor()
  const pulseId = page.url().split('/').at(-1) ?? ''
  await page.getByTestId('new-invite').click()
  await page.getByTestId('confirm').click()
  const code = await page.getByTestId('invite-code').innerText()
  expect(code).toHaveLength(24)
  expect(await accessibilityProblems(page)).toEqual([])

  const follower = await signIn(admin)
  await follower.goto(`${stack.webUrl}/copy/${pulseId}`)
  await follower.getByTestId('follow').click()
  await follower.getByTestId('follow-account').click()
  await follower.getByRole('option', { name: account }).click()
  await follower.getByTestId('rule-sizingMode').getByRole('combobox').click()
  await follower.getByRole('option', { name: 'A ratio of the leader’s quantity' }).click()
  await follower.getByTestId('rule-ratio').getByRole('textbox').fill('-1')
  expect(await follower.getByTestId('follow-submit').isDisabled()).toBe(true)
  await follower.getByTestId('example-own').click()
  await follower.getByTestId('rule-ratio').getByRole('textbox').fill('0.001')
  await follower.getByTestId('example-reason').waitFor()
  await follower.getByTestId('rule-ratio').getByRole('textbox').fill('0.5')
  await follower.getByTestId('example-size').getByText('0.025 BTC').waitFor()
  expect(await accessibilityProblems(follower)).toEqual([])
  await follower.getByTestId('follow-submit').click()
  await follower.waitForURL(/\/copies\/[\da-f-]{36}$/)
  await follower.getByTestId('copy-state').getByText('Copying').waitFor()

  await page.getByTestId('preview-run').click()
  await page.getByTestId('preview-totals').getByText('1 of 1 would copy it').waitFor()
  expect(await page.getByTestId('preview-row').innerText()).toContain('Open: buy 0.025')

  await fetch(`${stack.apiUrl}/api/webhook/${traderId}/${webhookToken}`, {
    method: 'POST',
    body: JSON.stringify({ action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' }),
  })
  await follower.getByTestId('position-row-BTCUSDT').waitFor()
  expect(await follower.getByTestId('position-row-BTCUSDT').getAttribute('data-size')).toBe('0.01')
  await follower.locator('[data-testid="copy-decision"][data-outcome="ORDERS"]').waitFor()
  await page.goto(`${stack.webUrl}/positions`)
  await page.getByTestId('position-row-BTCUSDT').waitFor()
  expect(await page.getByTestId('position-row-BTCUSDT').getAttribute('data-size')).toBe('0.02')
  expect(await accessibilityProblems(follower)).toEqual([])

  await page.goto(`${stack.webUrl}/signals`)
  await page.getByTestId('log-row').first().click()
  await page.getByTestId('follower-trace').getByRole('cell', { name: 'Filled open' }).waitFor()
  expect(await page.getByTestId('span-figures').count()).toBeGreaterThan(3)

  await follower.getByTestId('copy-stop').click()
  expect(await follower.getByTestId('confirm').isDisabled()).toBe(true)
  await follower.getByRole('radio', { name: 'Close now' }).click()
  await follower.getByTestId('confirm').click()
  await follower.getByTestId('copy-state').getByText('Stopped').waitFor()
  await follower.getByTestId('position-row-BTCUSDT').waitFor({ state: 'detached' })
  const open = () =>
    db.query<{ size: string }>(
      'SELECT trim_scale(p.quantity_base)::text AS size FROM position p WHERE p.quantity_base > 0 AND p.user_id <> $1',
      [traderId],
    )
  await vi.waitUntil(async () => (await open()).length === 0, { timeout: 30_000, interval: 100 })
  await follower.goto(`${stack.webUrl}/admin`)
  await follower.locator('[data-testid="decision-gaps"][data-gaps="0"]').waitFor()
  expect(await follower.getByTestId('fan-out').count()).toBe(1)
  expect(await accessibilityProblems(follower)).toEqual([])
  await follower.context().close()
})

it('can be used on a phone', async () => {
  await page.setViewportSize({ width: 360, height: 740 })
  for (const path of ['/lead', '/copy', `/copy/${strategyId}`]) {
    await page.goto(`${stack.webUrl}${path}`)
    await page.locator('[data-testid="own-strategy"], [data-testid="leader-row"], [data-testid="record-row"]').first().waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    expect(await accessibilityProblems(page)).toEqual([])
  }
})

import { randomUUID } from 'node:crypto'
import { createDb, type Db } from '@matic/db'
import { seed } from '@matic/prisma/seed'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { makeLeader } from '@matic/testkit/copying/make-leader'

const trader = { email: 'user@matic.test', password: 'user123456' }
const admin = { email: 'admin@matic.test', password: 'admin123456' }

let stack: Stack
let browser: Browser
let page: Page
let db: Db
const strategyId = randomUUID()
const webhookToken = randomUUID()
let traderId: string

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({
      web: true,
      timingsScale: 1,
      async prepare({ databaseUrl }) {
        traderId = (await seed({ databaseUrl, webhookToken, passwordCost: 4 })).userId
        db = createDb({ databaseUrl, applicationName: 'test', poolSize: 2, onError: () => undefined })
        await makeLeader(db, strategyId)
      },
    }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  page = await signIn(trader)
  const rows = () => db.query<{ rows: number }>('SELECT number AS rows FROM record_head WHERE strategy_id = $1', [strategyId])
  await vi.waitUntil(async () => ((await rows())[0]?.rows ?? 0) > 0, { timeout: 60_000, interval: 250 })
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
  await page.getByTestId('told-of-withdrawal').getByText('Nobody follows, so nobody is told.').waitFor()
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
  await vi.waitUntil(async () => (await ready()).length > 0, { timeout: 60_000, interval: 100 })
  return 'Copies'
}

const tell = (alert: object) =>
  fetch(`${stack.apiUrl}/api/webhook/${traderId}/${webhookToken}`, { method: 'POST', body: JSON.stringify(alert) })
const setState = (state: 'PAUSED' | 'PUBLISHED') => db.query(`UPDATE strategy SET state = $1 WHERE name = 'Pulse'`, [state])
/** As if the administrator had signed in some time ago. */
const askForProof = () =>
  db.query(`UPDATE session s SET proved_at = now() - interval '1 hour' FROM app_user u WHERE u.id = s.user_id AND u.email = $1`, [
    admin.email,
  ])

it('is followed from the dialog, copies what the webhook takes in, and stops with everything closed', async () => {
  const [, account] = await Promise.all([page.goto(`${stack.webUrl}/lead`), openPaperAccount()])
  await page.getByTestId('publish').click()
  await page.getByTestId('strategy-name').fill('Pulse')
  await page.getByRole('switch', { name: 'Public' }).click()
  await page.getByTestId('confirm').click()
  await page.getByTestId('own-strategy').filter({ hasText: 'Pulse' }).getByTestId('open-console').click()
  await page.getByTestId('rule-maxLeverage').getByRole('textbox').fill('4')
  await page.getByTestId('rule-canaryHoldMs').getByRole('textbox').fill('9')
  expect(await page.getByTestId('save-offer').isDisabled()).toBe(true)
  await page.getByTestId('rule-canaryHoldMs').getByRole('textbox').fill('300')
  await page.getByTestId('rule-showsAmounts').getByRole('switch').click()
  await page.getByTestId('save-offer').click()
  await page.getByTestId('offer').getByText('open for copying').first().waitFor()
  const pulseId = page.url().split('/').at(-1) ?? ''
  await page.getByTestId('new-invite').click()
  await page.getByTestId('confirm').click()
  const code = await page.getByTestId('invite-code').innerText()
  expect(code).toHaveLength(24)
  const link = await page.getByTestId('invite-link').innerText()
  await page.evaluate('scrollTo(0, 0)')
  expect(await accessibilityProblems(page)).toEqual([])

  const follower = await signIn(admin)
  await follower.goto(`${stack.webUrl}/copy/${pulseId}`)
  await follower.getByText('There is no such strategy').waitFor()
  await follower.goto('about:blank')
  await follower.goto(link)
  await follower.getByTestId('follow').click()
  await follower.getByTestId('lock-leverage').getByText('at most 4×').waitFor()
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
  await follower.getByTestId('rule-ratio').getByRole('textbox').fill('0')
  await follower.getByTestId('example-old').waitFor()
  await follower.getByTestId('rule-ratio').getByRole('textbox').fill('0.5')
  await follower.getByTestId('example-old').waitFor({ state: 'detached' })
  expect(await accessibilityProblems(follower)).toEqual([])
  await askForProof()
  await setState('PAUSED')
  await follower.getByTestId('follow-submit').click()
  await follower.getByTestId('step-up-password').fill(admin.password)
  await follower.getByTestId('step-up-confirm').click()
  await follower.getByTestId('follow-refused').getByText('The strategy takes no followers at the moment').waitFor()
  await setState('PUBLISHED')
  await follower.getByTestId('follow-submit').click()
  await follower.waitForURL(/\/copies\/[\da-f-]{36}$/)
  await follower.getByTestId('copy-state').getByText('Copying').waitFor()
  await follower.getByTestId('copy-pause').click()
  await follower.getByTestId('copy-state').getByText('Paused').waitFor()
  await follower.getByTestId('copy-resume').click()
  await follower.getByTestId('copy-state').getByText('Copying').waitFor()
  await follower.getByTestId('lock-leverage').getByText('at most 4×').waitFor()
  await follower.getByTestId('rule-ratio').getByRole('textbox').fill('0.4')
  await follower.getByTestId('save-copy').click()
  await follower.getByTestId('copy-unsaved').waitFor({ state: 'detached' })

  await page.getByTestId('rule-maxLeverage').getByRole('textbox').fill('3')
  await page.getByTestId('told-of-change').first().getByText('One follower is told of a change').waitFor()
  await page.getByTestId('not-saved').getByText('one follower is told').waitFor()
  await page.locator('[data-testid="rule-showsAmounts"] [role="switch"][aria-checked="false"]').waitFor()
  await page.getByTestId('save-offer').click()
  await follower.getByTestId('terms-told').getByText('Your leader now caps leverage at 3× (it was 4×)').waitFor()
  await follower.getByTestId('lock-leverage').getByText('at most 3×').waitFor()

  await page.getByTestId('preview-run').click()
  await page.getByTestId('preview-totals').getByText('1 of 1 would copy it').waitFor()
  expect(await page.getByTestId('preview-row').innerText()).toContain('Open: buy 0.02')

  await tell({ action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' })
  await follower.getByTestId('position-row-BTCUSDT').waitFor()
  expect(await follower.getByTestId('position-row-BTCUSDT').getAttribute('data-size')).toBe('0.008')
  await follower.locator('[data-testid="copy-decision"][data-outcome="ORDERS"]').waitFor()
  await page.goto(`${stack.webUrl}/positions`)
  await page.getByTestId('position-row-BTCUSDT').waitFor()
  expect(await page.getByTestId('position-row-BTCUSDT').getAttribute('data-size')).toBe('0.02')
  expect(await accessibilityProblems(follower)).toEqual([])

  await page.goto(`${stack.webUrl}/signals`)
  await page.getByTestId('log-row').first().click()
  await page.getByTestId('follower-trace').getByRole('cell', { name: 'Filled open' }).waitFor()
  expect(await page.getByTestId('span-figures').count()).toBeGreaterThan(3)
  const followed = follower.url()
  await follower.goto(`${stack.webUrl}/activity`)
  await follower.getByRole('link', { name: 'Trace of this signal' }).last().click()
  await follower.getByText('A signal of a leader you follow').waitFor()
  await follower.getByTestId('follower-trace').getByRole('cell', { name: 'Filled open' }).waitFor()
  await follower.goto(followed)

  const stop = async (choice: string) => {
    await follower.getByTestId('copy-stop').click()
    expect(await follower.getByTestId('confirm').isDisabled()).toBe(true)
    await follower.getByRole('radio', { name: choice }).click()
    await follower.getByTestId('confirm').click()
  }
  await stop('Keep until the leader closes')
  await follower.getByTestId('copy-state').getByText('Closes only').waitFor()
  await follower.getByTestId('position-row-BTCUSDT').waitFor()
  await follower.getByTestId('copy-resume').click()
  await follower.getByTestId('copy-state').getByText('Copying').waitFor()
  await stop('Close now')
  await follower.getByTestId('copy-state').getByText('Stopped').waitFor()
  await follower.getByTestId('position-row-BTCUSDT').waitFor({ state: 'detached' })
  const open = () =>
    db.query<{ size: string }>(
      'SELECT trim_scale(p.quantity_base)::text AS size FROM position p WHERE p.quantity_base > 0 AND p.user_id <> $1',
      [traderId],
    )
  await vi.waitUntil(async () => (await open()).length === 0, { timeout: 60_000, interval: 100 })
  await follower.goto(`${stack.webUrl}/admin`)
  await follower.locator('[data-testid="decision-gaps"][data-gaps="0"]').waitFor()
  await expect.poll(() => follower.getByTestId('fan-out').count()).toBe(1)
  await follower.getByTestId('no-breakers').waitFor()
  await db.query(
    `INSERT INTO breaker (scope, user_id, opened_at, open_until, accepted, refused) VALUES ('strategy:' || $1::uuid, $2, now(), now() + interval '1 hour', 2, 18)`,
    [pulseId, traderId],
  )
  await page.goto(`${stack.webUrl}/lead/${pulseId}`)
  await page.getByTestId('strategy-breakers').getByText('18 of 20 openings were refused (90 %).').waitFor()
  await follower.getByTestId('close-breaker').click()
  expect(await accessibilityProblems(follower)).toEqual([])
  await follower.getByTestId('confirm').click()
  await follower.locator('[data-testid="breaker"][data-state="HALF_OPEN"]').waitFor()

  // Whoever followed it once needs a code to come again.
  await follower.goto(`${stack.webUrl}/copy/${pulseId}`)
  await follower.getByTestId('follow').click()
  await follower.getByTestId('follow-account').click()
  await follower.getByRole('option', { name: account }).click()
  await follower.getByTestId('follow-submit').click()
  await follower.getByTestId('follow-refused').getByText('to follow it again you need an invite').waitFor()
  await follower.getByTestId('follow-code').fill(code)
  await follower.getByTestId('follow-submit').click()
  await follower.waitForURL(/\/copies\/[\da-f-]{36}$/)
  await tell({ action: 'buy', symbol: 'ETHUSDT', quantity: '0.4' })
  await follower.getByTestId('position-row-ETHUSDT').waitFor()
  await page.goto(`${stack.webUrl}/lead/${pulseId}`)
  await page.getByTestId('remove-follower').click()
  await page.getByTestId('confirm').click()
  await page.getByText('removed by you').waitFor()
  await follower.getByTestId('copy-state').getByText('Closes only').waitFor()
  await follower.getByText('The leader has removed you.').waitFor()
  expect(await follower.getByTestId('copy-resume').count()).toBe(0)
  await stop('Hand over to me')
  await follower.getByTestId('copy-state').getByText('Stopped').waitFor()
  await tell({ action: 'close', symbol: 'ETHUSDT' })
  await page.goto(`${stack.webUrl}/positions?scope=all`)
  await page.getByTestId('position-row-BTCUSDT').waitFor()
  await page.getByTestId('position-row-ETHUSDT').waitFor({ state: 'detached' })
  await follower.goto(`${stack.webUrl}/positions?scope=all`)
  await follower.getByTestId('position-row-ETHUSDT').waitFor()
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

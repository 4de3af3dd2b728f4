import { routes } from '@matic/contracts'
import { createDb } from '@matic/db'
import { createClient, type Client } from '@matic/sdk'
import { createPasswords } from '@matic/services/auth/index'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

const newcomer = { id: '01970000-0000-7000-8000-00000000abcd', email: 'new@matic.test', password: 'new-password-1' }

let stack: Stack
let browser: Browser
let page: Page
let api: Client
let webhookPath: string
const problems: string[] = []

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({ web: true, timingsScale: 1, prepare: ({ databaseUrl }) => signUp(databaseUrl) }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
  page = await context.newPage()
  page.on('console', (message) => {
    // An account that was opened a moment ago has no balance yet.
    if (message.location().url.includes('/api/exchange/balance') && message.text().includes('409')) return
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})
afterEach(() => {
  expect(problems.splice(0)).toEqual([])
})

/** What a sign-up with a confirmed address leaves behind: a person on trial and nothing else. */
async function signUp(databaseUrl: string): Promise<void> {
  const db = createDb({ databaseUrl, applicationName: 'test', poolSize: 1 })
  const passwords = createPasswords()
  await db.query(
    `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified) VALUES ($1, $2, $3, 'New Person', true, true)`,
    [newcomer.id, newcomer.email, await passwords.hash(newcomer.password)],
  )
  await db.query(
    `INSERT INTO subscription (user_id, plan, status, start_date, end_date) VALUES ($1, 'MONTHLY', 'TRIAL', now(), now() + interval '14 days')`,
    [newcomer.id],
  )
  await passwords.close()
  await db.close()
}

const row = (id: string | undefined) => page.locator(`[data-testid="log-row"][data-id="${id}"]`)

describe('a new person', () => {
  it('is walked from the first sign-in to a filled paper trade within three minutes', async () => {
    const startedMs = performance.now()
    await page.goto(stack.webUrl)
    await page.goto(`${stack.webUrl}/login`)
    await page.getByTestId('login-email').fill(newcomer.email)
    await page.getByTestId('login-password').fill(newcomer.password)
    await page.getByTestId('login-submit').click()

    await page.locator('[data-testid="onboarding-verify-email"][data-done="true"]').waitFor()
    await expect.poll(() => page.getByTestId('onboarding-progress').getAttribute('aria-label')).toBe('First steps: 1 of 6 done')
    await page.getByTestId('onboarding-do-paper-account').click()
    await page.locator('[data-testid="onboarding-paper-account"][data-done="true"]').waitFor()
    await page.getByTestId('onboarding-do-rules').click()
    await page.locator('[data-testid="onboarding-rules"][data-done="true"]').waitFor()
    await page.getByTestId('onboarding-do-webhook').click()
    await page.locator('[data-testid="onboarding-webhook"][data-done="true"]').waitFor()
    webhookPath = new URL(await page.getByTestId('onboarding-address').innerText()).pathname
    expect(webhookPath).toMatch(/^\/api\/webhook\/.{40,}/)
    await vi.waitUntil(async () => (await page.getByTestId('equity-value').innerText()) === '10,000.00', { timeout: 60_000, interval: 200 })
    await page.getByTestId('onboarding-do-test-alert').click()
    await page.locator('[data-testid="onboarding-test-alert"][data-done="true"]').waitFor()
    await page.getByTestId('position-row-BTCUSDT').getByText('Protected').waitFor()

    const seconds = (performance.now() - startedMs) / 1_000
    console.info(`from the first sign-in to a filled and protected paper trade: ${seconds.toFixed(1)} s`)
    expect(seconds).toBeLessThan(180)
    await page.getByTestId('onboarding').getByRole('button', { name: 'Done' }).click()
    // Two-step sign-in is the one step that is left; who wants no reminder puts the list away.
    await expect.poll(() => page.getByTestId('onboarding-progress').getAttribute('aria-label')).toBe('First steps: 5 of 6 done')
    await page.getByTestId('onboarding-dismiss').click()
    await page.getByTestId('onboarding').waitFor({ state: 'detached' })
    expect(await page.getByTestId('onboarding-progress').count()).toBe(0)
  })

  it('reads in the log what became of it, with the keyboard alone, down to times that add up', async () => {
    await page.keyboard.press('g')
    await page.keyboard.press('s')
    await page.waitForURL('**/signals')
    const first = page.locator('[data-testid="log-row"]').first()
    await page.locator('[data-testid="log-row"][data-outcome="Filled"]').waitFor()
    await first.focus()
    await page.keyboard.press('Enter')
    await page.getByTestId('traced-order').first().waitFor()
    const id = await first.getAttribute('data-id')
    await expect.poll(() => new URL(page.url()).searchParams.get('open')).toBe(id)

    const spans = await page.locator('[data-testid="trace-timeline"] [data-point]').all()
    const ms = await Promise.all(spans.map(async (span) => Number(await span.getAttribute('data-ms'))))
    expect(ms.length).toBeGreaterThanOrEqual(8)
    expect(ms.reduce((sum, each) => sum + each, 0)).toBe(Number(await page.getByTestId('trace-total').getAttribute('data-ms')))
    await page.keyboard.press('Escape')
    await page.getByTestId('trace').waitFor({ state: 'detached' })
    await expect.poll(() => new URL(page.url()).search).toBe('')
  })

  it('finds the same trace at an address of its own', async () => {
    const id = await page.locator('[data-testid="log-row"]').first().getAttribute('data-id')
    await page.goto(`${stack.webUrl}/signals/${id}`)
    await page.locator('[data-testid="traced-order"][data-leg="open"][data-state="FILLED"]').waitFor()
    await page.locator('[data-testid="traced-order"][data-leg="stop"]').waitFor()
    expect(await page.getByTestId('trace-route').count()).toBe(1)
    expect(await accessibilityProblems(page)).toEqual([])
  })
})

describe('the owner of two accounts', () => {
  beforeAll(async () => {
    let accessToken: string | null = null
    api = createClient({ baseUrl: stack.webUrl, getAccessToken: () => accessToken })
    accessToken = (await api.call(routes.auth.login, { body: newcomer })).accessToken
    await api.call(routes.accounts.addPaper, { body: { label: 'Second' } })
    await vi.waitUntil(async () => (await api.call(routes.exchange.accounts)).every(({ keyStatus }) => keyStatus === 'VALID'), {
      timeout: 60_000,
      interval: 200,
    })
  })

  it('sees an alert arrive live and become a decision for each account', async () => {
    await page.goto(`${stack.webUrl}/signals?source=WEBHOOK`)
    await page.getByText('Nothing fits these filters').waitFor()
    const accounts = await api.call(routes.exchange.accounts)
    await vi.waitUntil(
      async () =>
        (
          await Promise.all(accounts.map(({ id }) => api.call(routes.exchange.balance, { query: { accountId: id } }).catch(() => null)))
        ).every(Boolean),
      { timeout: 60_000, interval: 200 },
    )
    const body = JSON.stringify({ ticker: 'ETHUSDT.P', action: 'buy', quantity: '0.1', note: "it's mine" })
    const { signalId } = (await (await fetch(stack.apiUrl + webhookPath, { method: 'POST', body })).json()) as { signalId: string }
    await row(signalId).waitFor()
    await page.locator(`[data-testid="log-row"][data-id="${signalId}"][data-outcome="Filled"]`).waitFor()
    await row(signalId).click()
    await vi.waitUntil(
      async () => (await page.locator('[data-testid="trace-route"] [data-leg="open"][data-state="FILLED"]').count()) === 2,
      {
        timeout: 60_000,
        interval: 100,
      },
    )
    const headings = await page.locator('[data-testid="trace-route"] h3').allInnerTexts()
    expect(headings.map((text) => text.split(/ \(|:/)[0]).toSorted()).toEqual(['Paper', 'Second'])
    await page.keyboard.press('Escape')

    const [one] = accounts
    await page.goto(`${stack.webUrl}/signals?account=${one?.id}&outcome=filled`)
    await row(signalId).waitFor()
    await expect.poll(() => page.locator('[data-testid="log-row"]').count()).toBe(2)
  })

  it('sees positions, orders and worth of one account and of both together', async () => {
    const [first, second] = await api.call(routes.exchange.accounts)
    if (first === undefined || second === undefined) throw new Error('there are two accounts')
    const owners = () =>
      page
        .locator('[data-testid^="position-row-"]')
        .evaluateAll((rows: { dataset: { account?: string } }[]) => rows.map(({ dataset }) => dataset.account ?? '').toSorted())
    const chooseAccount = async (label: string) => {
      await page.getByRole('combobox', { name: 'Account', exact: true }).click()
      await page.getByRole('option', { name: new RegExp(`^${label}`) }).click()
    }
    const chooseScope = async (name: string) => {
      await page.getByRole('combobox', { name: 'Accounts', exact: true }).click()
      await page.getByRole('option', { name }).click()
    }

    await page.goto(`${stack.webUrl}/positions`)
    await expect.poll(owners).toEqual([first.id, first.id])
    await chooseAccount('Second')
    await expect.poll(owners).toEqual([second.id])
    await chooseScope('All accounts')
    await expect.poll(owners).toEqual([first.id, first.id, second.id].toSorted())
    await expect.poll(() => new URL(page.url()).searchParams.get('scope')).toBe('all')
    await expect.poll(() => page.getByRole('cell').filter({ hasText: 'Total, 3 positions' }).count()).toBe(1)
    expect(await page.getByTestId('position-row-ETHUSDT').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringContaining('Paper'), expect.stringContaining('Second')]),
    )

    await page.goto(`${stack.webUrl}/orders?tab=history`)
    const orders = page.locator('[data-testid="order-row"][data-leg="open"]')
    await expect.poll(() => orders.count()).toBe(1)
    await chooseScope('All accounts')
    await expect.poll(() => orders.count()).toBe(3)

    await page.goto(`${stack.webUrl}/portfolio`)
    const worth = page.getByRole('region', { name: 'Worth' })
    await worth.getByText('10,000.00', { exact: true }).waitFor()
    await chooseScope('All accounts')
    await worth.getByText('20,000.00', { exact: true }).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await chooseAccount('Paper')
  })

  it('does not show the secret that an alert carries, in no place of the page', async () => {
    const secret = 'hunter2-hunter2-hunter2'
    const body = JSON.stringify({ ticker: 'ETHUSDT.P', action: 'close', passphrase: secret, comment: `${secret} again` })
    const { signalId } = (await (await fetch(stack.apiUrl + webhookPath, { method: 'POST', body })).json()) as { signalId: string }
    await page.goto(`${stack.webUrl}/signals/${signalId}`)
    await page.getByText('2 secrets are hidden').waitFor()
    await page.getByText('"passphrase":"***"').waitFor()
    expect(await page.content()).not.toContain(secret)
    // What it closes is told in the log, which the next tests read.
    await expect
      .poll(async () => {
        const accounts = await api.call(routes.exchange.accounts)
        const held = await Promise.all(accounts.map(({ id }) => api.call(routes.exchange.positions, { query: { accountId: id } })))
        return held.flat().filter(({ marketId }) => marketId === 'ETHUSDT')
      })
      .toEqual([])
  })

  it('sees a rejected alert in the same list, with what to fix', async () => {
    await page.goto(`${stack.webUrl}/signals`)
    await page.locator('[data-testid="log-row"]').first().waitFor()
    await fetch(stack.apiUrl + webhookPath, { method: 'POST', body: '{"action":"buy"}' })
    await page.locator('[data-testid="log-row"][data-kind="rejected"]').waitFor()
    await page.locator('[data-testid="log-row"][data-kind="rejected"]').click()
    await page.getByTestId('trace').getByText('It made no signal and no order.').waitFor()
    await page.keyboard.press('Escape')
  })

  it('reads the activity log by level, adds a note, and clears it', async () => {
    await page.goto(`${stack.webUrl}/activity`)
    const lines = page.getByTestId('activity-line')
    await lines.first().waitFor()
    const countOf = async (level: string) => Number(await page.getByTestId(`level-${level}`).getByTestId('level-count').innerText())
    expect(await countOf('SUCCESS')).toBeGreaterThanOrEqual(3)
    await page.getByTestId('level-WARNING').click()
    await page.locator('[data-testid="activity-line"]:not([data-level="WARNING"])').first().waitFor({ state: 'detached' })
    await page.locator('[data-testid="activity-line"][data-code="ALERT_REJECTED"]').waitFor()
    const levels = await lines.evaluateAll((all: { dataset: { level?: string } }[]) => all.map(({ dataset }) => dataset.level))
    expect(new Set(levels)).toEqual(new Set(['WARNING']))
    expect(levels).toHaveLength(await countOf('WARNING'))

    await page.getByTestId('level-all').click()
    await page.getByTestId('note-text').fill('Slept badly, traded small')
    await page.getByTestId('note-add').click()
    await page.locator('[data-testid="activity-line"][data-code="NOTE"]').waitFor()
    expect(await lines.last().innerText()).toContain('Slept badly')

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('csv').click()])
    expect(download.suggestedFilename()).toBe('activity.csv')
    await page.getByTestId('activity-clear').click()
    await page.getByTestId('confirm').click()
    await page.getByText('Nothing has happened yet').waitFor()
    expect(await countOf('all')).toBe(0)
    await api.call(routes.activity.addNote, { body: { text: 'and live again' } })
    await page.getByText('and live again').waitFor()
  })
})

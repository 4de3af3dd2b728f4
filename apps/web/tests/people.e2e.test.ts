import { createDb, type Db } from '@matic/db'
import { Decimal } from 'decimal.js'
import { launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const person = { name: 'Ada Lovelace', email: 'ada@example.test', password: 'three unrelated words' }
const changed = 'three other words here'

let stack: Stack
let browser: Browser
let page: Page
let db: Db
let startedMs = 0
const problems: string[] = []

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([startStack({ web: true, timingsScale: 1 }), launchBrowser()])
  stack = startedStack
  browser = startedBrowser
  db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'test', poolSize: 1, onError: () => undefined })
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, permissions: ['clipboard-read', 'clipboard-write'] })
  page = await context.newPage()
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      problems.push(`${message.type()}: ${message.text()} ${message.location().url}`)
  })
})
afterAll(async () => {
  await browser?.close()
  await db?.close()
  await stack?.stop()
})

/** The newest mail, as the development inbox shows it. */
async function newestMail(subject: RegExp): Promise<{ text: string; link: string | null }> {
  const inbox = await page.context().newPage()
  await inbox.goto(`${stack.webUrl}/dev/inbox`)
  const mail = inbox.getByTestId('inbox-mail').filter({ hasText: subject }).first()
  await mail.waitFor()
  const link = mail.getByRole('link')
  const found = { text: await mail.innerText(), link: (await link.count()) === 0 ? null : await link.getAttribute('href') }
  await inbox.close()
  return found
}

async function signIn(password: string): Promise<void> {
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill(person.email)
  await page.getByTestId('login-password').fill(password)
  await page.getByTestId('login-submit').click()
}

describe('a new person', () => {
  it('signs up, finds the code in the mail, confirms it and is in', async () => {
    startedMs = performance.now()
    await page.goto(`${stack.webUrl}/login`)
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByTestId('register-submit').click()
    await page.getByText('Enter your name').waitFor()
    await page.getByTestId('register-name').fill(person.name)
    await page.getByTestId('register-email').fill(person.email)
    await page.getByTestId('register-password').fill(person.password)
    await page.getByTestId('register-submit').click()

    await page.getByTestId('verify-code').waitFor()
    const { text } = await newestMail(/code/i)
    await page.getByTestId('verify-code').fill('000000' === /\d{6}/.exec(text)?.[0] ? '000001' : '000000')
    await page.getByTestId('verify-submit').click()
    await page.getByRole('alert').waitFor()
    await page.getByTestId('verify-code').fill(/\d{6}/.exec(text)?.[0] ?? '')
    await page.getByTestId('verify-submit').click()
    await page.locator('[data-testid="connection-state"]').waitFor()

    const [row] = await db.query<{ active: boolean; verified: boolean; status: string }>(
      `SELECT u.is_active AS active, u.is_email_verified AS verified, s.status FROM app_user u JOIN subscription s ON s.user_id = u.id WHERE u.email = $1`,
      [person.email],
    )
    expect(row).toEqual({ active: true, verified: true, status: 'TRIAL' })
    // Nobody is signed in yet at first, and one code was wrong: the browser notes both as failed requests.
    const expected = /\/api\/auth\/(refresh|verify-email)$/
    expect(problems.splice(0).filter((problem) => !expected.test(problem))).toEqual([])
  })

  it('opens a paper account, copies the webhook address and sees an alert become a filled and protected trade, within three minutes', async () => {
    const card = page.getByTestId('onboarding')
    await card.locator('[data-testid="onboarding-verify-email"][data-done="true"]').waitFor()
    for (const step of ['paper-account', 'rules', 'webhook']) {
      await page.getByTestId(`onboarding-do-${step}`).click()
      await page.locator(`[data-testid="onboarding-${step}"][data-done="true"]`).waitFor()
    }
    await card.getByRole('button', { name: 'Copy the webhook address' }).click()
    const address = await page.getByTestId('onboarding-address').innerText()
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(address)
    await expect.poll(() => page.getByTestId('equity-value').innerText()).toBe('10,000.00')

    await page.getByTestId('onboarding-do-test-alert').click()
    await page.locator('[data-testid="onboarding-test-alert"][data-done="true"]').waitFor()
    await page.getByTestId('position-row-BTCUSDT').getByText('Protected').waitFor()
    console.info(`from the sign-up page to a filled and protected paper trade: ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`)
    expect(performance.now() - startedMs).toBeLessThan(180_000)

    // The address that was copied is the one TradingView will use.
    const sent = await fetch(address, { method: 'POST', body: '{"ticker":"BTCUSDT.P","action":"close"}' })
    expect(sent.status).toBe(200)
    await page.getByTestId('position-row-BTCUSDT').waitFor({ state: 'detached' })
    await expect.poll(async () => (await db.query('SELECT 1 FROM trade WHERE closed_at IS NOT NULL')).length).toBe(1)
    const [ledger] = await db.query<{ fees: string }>(`SELECT -sum(amount) AS fees FROM ledger_entry WHERE type = 'COMMISSION'`)
    await page.goto(`${stack.webUrl}/portfolio`)
    await expect
      .poll(async () => new Decimal((await page.getByTestId('metric-fees').getAttribute('data-exact')) ?? 0).toFixed())
      .toBe(new Decimal(ledger?.fees ?? 0).toFixed())
    // An account that was opened a moment ago has no balance yet.
    expect(problems.splice(0).filter((problem) => !/\/api\/exchange\/balance/.test(problem))).toEqual([])
  })

  it('is asked for the password again before the webhook address changes, some time after signing in', async () => {
    await db.query(`UPDATE session SET proved_at = now() - interval '10 minutes'`)
    await page.goto(`${stack.webUrl}/webhook`)
    await page.getByTestId('webhook-new').click()
    await page.getByTestId('confirm').click()
    await page.getByTestId('step-up-password').fill('not the password')
    await page.getByTestId('step-up-confirm').click()
    await page.getByTestId('step-up-error').waitFor()
    await page.getByTestId('step-up-password').fill(person.password)
    await page.getByTestId('step-up-confirm').click()
    await page
      .getByText(/\/api\/webhook\/[0-9a-f-]{36}\/[\w-]{40,}/)
      .first()
      .waitFor()
  })

  it('who forgot the password sets a new one by the link of a mail, and the old one is over', async () => {
    await page.context().clearCookies()
    await page.goto(`${stack.webUrl}/forgot-password`)
    await page.getByTestId('forgot-email').fill(person.email)
    await page.getByTestId('forgot-submit').click()
    await page.getByTestId('forgot-sent').waitFor()

    const { link } = await newestMail(/password/i)
    await page.goto(new URL(link ?? '', stack.webUrl).href)
    await page.getByTestId('reset-password').fill(changed)
    await page.getByTestId('reset-submit').click()
    await page.getByTestId('reset-done').waitFor()

    await signIn(person.password)
    await page.getByTestId('login-error').waitFor()
    await signIn(changed)
    await page.locator('[data-testid="connection-state"]').waitFor()
  })
})

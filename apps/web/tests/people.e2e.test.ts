import { createDb, type Db } from '@matic/db'
import { launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const person = { name: 'Ada Lovelace', email: 'ada@example.test', password: 'three unrelated words' }
const changed = 'three other words here'

let stack: Stack
let browser: Browser
let page: Page
let db: Db

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([startStack({ web: true, timingsScale: 1 }), launchBrowser()])
  stack = startedStack
  browser = startedBrowser
  db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'test', poolSize: 1, onError: () => undefined })
  page = await (await browser.newContext({ viewport: { width: 360, height: 740 } })).newPage()
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

import { createDb, type Db } from '@matic/db'
import { seed } from '@matic/prisma/seed'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import { Secret, TOTP } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const trader = { email: 'user@matic.test', password: 'user123456' }
const admin = { email: 'admin@matic.test', password: 'admin123456' }
const newPassword = 'four entirely other words'

let stack: Stack
let browser: Browser
let page: Page
let db: Db
let secret = ''
let recoveryCodes: string[] = []

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({ web: true, timingsScale: 1, prepare: async ({ databaseUrl }) => void (await seed({ databaseUrl, passwordCost: 4 })) }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'test', poolSize: 1 })
  page = await newPage()
  await signIn(page, trader)
  await isIn(page)
})
afterAll(async () => {
  await browser?.close()
  await db?.close()
  await stack?.stop()
})

async function newPage(width = 1280): Promise<Page> {
  return (await browser.newContext({ viewport: { width, height: 900 }, reducedMotion: 'reduce' })).newPage()
}

async function signIn(on: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await on.goto(`${stack.webUrl}/login`)
  await on.getByTestId('login-email').fill(email)
  await on.getByTestId('login-password').fill(password)
  await on.getByTestId('login-submit').click()
}
const isIn = (on: Page) => on.getByTestId('connection-state').waitFor()

async function secondStep(on: Page, code: string): Promise<void> {
  await on.getByTestId('login-code').fill(code)
  await on.getByTestId('login-submit').click()
}

/** Each code is good once: one of a step that was not used yet, waited for where it has to be. */
async function freshCode(): Promise<string> {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  const [row] = await db.query<{ last: string }>(
    'SELECT last_step AS last FROM totp JOIN app_user u ON u.id = user_id WHERE u.email = $1',
    [trader.email],
  )
  const next = Math.max(Number(row?.last ?? 0) + 1, Math.floor(Date.now() / 30_000))
  // One step ahead of the clock is taken as well.
  await expect.poll(() => Date.now() / 30_000, { timeout: 60_000, interval: 200 }).toBeGreaterThan(next - 1)
  return totp.generate({ timestamp: next * 30_000 })
}

async function openSecurity(on = page): Promise<void> {
  await on.goto(`${stack.webUrl}/settings/security`)
  await on.getByTestId('two-step-state').waitFor()
  await on.getByTestId('session').first().waitFor()
}

describe('the profile', () => {
  it('is found in the menu, shows the plan, and keeps what is changed', async () => {
    await page.getByTestId('menu').click()
    await page.getByRole('menuitem', { name: 'Profile and plan' }).click()
    await page.waitForURL('**/settings/profile')
    expect(await page.getByTestId('profile-email').innerText()).toBe(trader.email)
    expect(await page.getByTestId('plan-name').innerText()).toBe('Monthly')
    expect(await page.getByTestId('plan-state').innerText()).toMatch(/^Active, (29|30) days left$/)

    await page.getByTestId('profile-name').fill('')
    await page.getByText('Enter your name').waitFor()
    expect(await page.getByTestId('profile-save').isDisabled()).toBe(true)
    await page.getByTestId('profile-name').fill('Ada Trader')
    await page.getByTestId('profile-phone').fill('+49 30 123')
    const mails = page.getByRole('switch', { name: 'Mail me what becomes of my copies' })
    await mails.click()
    await page.getByTestId('profile-save').click()
    await page.getByTestId('profile-saved').waitFor()
    await page.reload()
    await expect.poll(() => page.getByTestId('profile-name').inputValue()).toBe('Ada Trader')
    expect(await mails.isChecked()).toBe(false)
    expect(await page.getByTestId('profile-phone').inputValue()).toBe('+49 30 123')
    expect(await accessibilityProblems(page)).toEqual([])
  })
})

describe('a live key', () => {
  it('is not asked for before two-step sign-in is on, and the page says where', async () => {
    await page.goto(`${stack.webUrl}/accounts`)
    await page.getByTestId('add-key').click()
    await page.getByTestId('key-api-key').fill('a-live-api-key')
    await page.getByTestId('key-secret').fill('a-live-secret-key')
    await page.getByTestId('key-environment').getByText('Live', { exact: true }).click()
    const note = page.getByTestId('key-needs-two-step')
    await note.waitFor()
    expect(await page.getByTestId('key-submit').isDisabled()).toBe(true)
    await note.getByRole('link', { name: 'Switch it on' }).click()
    await page.waitForURL('**/settings/security')
  })
})

describe('two-step sign-in', () => {
  it('is set up by a code of the app, after the password, and gives recovery codes this once', async () => {
    await db.query(`UPDATE session SET proved_at = now() - interval '10 minutes'`)
    await openSecurity()
    expect(await page.getByTestId('two-step-state').innerText()).toBe('Off')
    await page.getByTestId('two-step-start').click()
    await page.getByTestId('step-up-password').fill(trader.password)
    await page.getByTestId('step-up-confirm').click()
    await page.getByTestId('qr-code').waitFor()
    secret = (await page.getByTestId('two-step-secret').innerText()).replaceAll(' ', '')
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(await accessibilityProblems(page)).toEqual([])

    const right = await freshCode()
    await page.getByTestId('two-step-code').fill(right === '000000' ? '000001' : '000000')
    await page.getByTestId('two-step-confirm').click()
    await page.getByTestId('two-step-error').waitFor()
    await page.getByTestId('two-step-code').fill(await freshCode())
    await page.getByTestId('two-step-confirm').click()
    await page.getByTestId('recovery-codes').waitFor()
    recoveryCodes = await page.getByTestId('recovery-code').allInnerTexts()
    expect(new Set(recoveryCodes).size).toBe(10)
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('recovery-download').click()])
    expect(download.suggestedFilename()).toBe('matic-recovery-codes.txt')
    expect(await accessibilityProblems(page)).toEqual([])

    await page.getByTestId('recovery-kept').click()
    await page.getByTestId('recovery-codes').waitFor({ state: 'detached' })
    expect(await page.getByTestId('two-step-state').innerText()).toBe('On')
    await page.reload()
    await page.getByTestId('two-step-left').waitFor()
    expect(await page.getByTestId('recovery-codes').count()).toBe(0)
  })

  it('stands in the activity log and in a mail', async () => {
    await page.goto(`${stack.webUrl}/activity`)
    await page.getByText('Two-step sign-in was switched on.').first().waitFor()
    await page.goto(`${stack.webUrl}/dev/inbox`)
    await page.getByTestId('inbox-mail').filter({ hasText: 'Two-step sign-in was switched on' }).first().waitFor()
  })

  it('asks for a code of the app at the next sign-in, and takes none twice', async () => {
    await page.goto(`${stack.webUrl}/`)
    await page.getByTestId('menu').click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL('**/login')
    await signIn(page, trader)
    const code = await freshCode()
    await secondStep(page, code)
    await isIn(page)

    const elsewhere = await newPage()
    await signIn(elsewhere, trader)
    await secondStep(elsewhere, code)
    await elsewhere.getByTestId('login-error').waitFor()
    await elsewhere.context().close()
  })

  it('lets in by a recovery code, once, on a telephone; the session is seen and ended from here', async () => {
    const phone = await newPage(360)
    await signIn(phone, trader)
    await secondStep(phone, recoveryCodes[0]?.toUpperCase() ?? '')
    await isIn(phone)

    await openSecurity()
    expect(await page.getByTestId('two-step-left').innerText()).toBe('9 recovery codes are left.')
    const sessions = page.getByTestId('session')
    expect(await sessions.first().innerText()).toMatch(/Chrome on Linux\s+This device/)
    const others = page.locator('[data-testid="session"][data-current="false"]')
    expect(await others.count()).toBe(1)
    await others.first().getByTestId('session-end').click()
    await page.getByText('You are signed in nowhere else.').waitFor()
    await phone.goto(`${stack.webUrl}/positions`)
    await phone.waitForURL(/\/login/)

    await signIn(phone, trader)
    await secondStep(phone, recoveryCodes[0] ?? '')
    await phone.getByTestId('login-error').waitFor()
    await secondStep(phone, recoveryCodes[1] ?? '')
    await isIn(phone)
    await page.reload()
    await page.getByTestId('sessions-end-others').click()
    await page.getByTestId('confirm').click()
    await page.getByText('You are signed in nowhere else.').waitFor()
    await phone.goto(`${stack.webUrl}/positions`)
    await phone.waitForURL(/\/login/)
    await phone.context().close()
  })

  it('makes new recovery codes, after which the old ones are worth nothing', async () => {
    await db.query('UPDATE session SET proved_at = now()')
    await page.getByTestId('two-step-renew').click()
    await page.getByTestId('confirm').click()
    await page.getByTestId('recovery-codes').waitFor()
    const renewed = await page.getByTestId('recovery-code').allInnerTexts()
    expect(renewed.filter((code) => recoveryCodes.includes(code))).toEqual([])
    await page.getByTestId('recovery-kept').click()

    const elsewhere = await newPage()
    await signIn(elsewhere, trader)
    await secondStep(elsewhere, recoveryCodes[2] ?? '')
    await elsewhere.getByTestId('login-error').waitFor()
    await elsewhere.context().close()
    recoveryCodes = renewed
  })
})

describe('the password', () => {
  it('is changed by the current one, and what is wrong stands at its field', async () => {
    const change = async (current: string, next: string) => {
      await page.getByTestId('password-current').fill(current)
      await page.getByTestId('password-new').fill(next)
      await page.getByTestId('password-submit').click()
    }
    await change('not the password', newPassword)
    await page.getByText('This is not your password').waitFor()
    await change(trader.password, 'password123')
    await page.getByText('Too easy to guess').waitFor()
    await change(trader.password, newPassword)
    await page.getByTestId('password-done').waitFor()

    const elsewhere = await newPage()
    await signIn(elsewhere, trader)
    await elsewhere.getByTestId('login-error').waitFor()
    await elsewhere.context().close()
  })
})

describe('two-step sign-in, again', () => {
  it('is switched off by a code', async () => {
    await db.query('UPDATE session SET proved_at = now()')
    await page.getByTestId('two-step-off').click()
    await page.getByTestId('two-step-off-code').fill(recoveryCodes[0] ?? '')
    await page.getByTestId('confirm').click()
    await page.locator('[data-testid="two-step-state"][data-on="false"]').waitFor()
    const elsewhere = await newPage()
    await signIn(elsewhere, { ...trader, password: newPassword })
    await isIn(elsewhere)
    await elsewhere.context().close()
  })
})

describe('an administrator without two-step sign-in', () => {
  it('gets in with the development login, and is told on every page', async () => {
    const theirs = await newPage(360)
    await signIn(theirs, admin)
    await isIn(theirs)
    const banner = theirs.getByTestId('person-banner')
    await banner.waitFor()
    await banner.getByRole('link').click()
    await theirs.waitForURL('**/settings/security')
    await banner.waitFor()
    await theirs.context().close()
  })
})

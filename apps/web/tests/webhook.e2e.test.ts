import { seed } from '@matic/prisma/seed'
import { launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

let stack: Stack
let browser: Browser
let page: Page

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({ web: true, timingsScale: 1, prepare: async ({ databaseUrl }) => void (await seed({ databaseUrl })) }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' })).newPage()
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill('user@matic.test')
  await page.getByTestId('login-password').fill('user123456')
  await page.getByTestId('login-submit').click()
  await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
  await page.goto(`${stack.webUrl}/webhook`)
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

it('makes a new address beside the old one, takes an alert there, and says when it was seen', async () => {
  await page.getByTestId('webhook-new').click()
  await page.getByRole('button', { name: 'Make a new address' }).last().click()
  await expect.poll(() => page.getByTestId('webhook-url').textContent()).not.toContain('****')
  const address = new URL((await page.getByTestId('webhook-url').textContent()) ?? '')
  await page.getByTestId('webhook-previous').waitFor()
  const sent = await fetch(`${stack.webUrl}${address.pathname}`, { method: 'POST', body: '{"action":"close","symbol":"BTCUSDT.P"}' })
  expect(sent.status).toBe(200)
  await expect.poll(() => page.getByTestId('webhook-seen').textContent(), { timeout: 15_000 }).toContain('last alert')
})

it('writes a message in any dialect, and says what it would do', async () => {
  await expect.poll(() => page.getByTestId('template-text').textContent()).toContain('{{strategy.market_position}}')
  await page.getByTestId('dry-run').click()
  await expect.poll(() => page.getByTestId('dry-result').textContent(), { timeout: 15_000 }).toContain('margin, USDT')
  await page.getByTestId('dry-body').fill('hello there')
  await page.getByTestId('dry-run').click()
  await expect.poll(() => page.getByTestId('dry-result').textContent()).toContain('neither JSON nor key=value')
  if (process.env['SHOTS']) {
    for (const [name, width, colorScheme] of [
      ['dark', 1440, 'dark'],
      ['phone', 360, 'light'],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      await page.screenshot({ path: `${process.env['SHOTS']}/webhook-${name}.png`, fullPage: true })
    }
  }
})

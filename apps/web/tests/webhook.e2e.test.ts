import { seed } from '@matic/prisma/seed'
import { launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

let stack: Stack
let browser: Browser
let page: Page
let address: URL

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({ web: true, timingsScale: 1, prepare: async ({ databaseUrl }) => void (await seed({ databaseUrl, passwordCost: 4 })) }),
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
  address = new URL((await page.getByTestId('webhook-url').textContent()) ?? '')
  await page.getByTestId('webhook-previous').waitFor()
  const sent = await fetch(`${stack.webUrl}${address.pathname}`, { method: 'POST', body: '{"action":"close","symbol":"BTCUSDT.P"}' })
  expect(sent.status).toBe(200)
  await expect.poll(() => page.getByTestId('webhook-seen').textContent()).toContain('last alert')
})

it('writes a message in any dialect, and says what it would do', async () => {
  await expect.poll(() => page.getByTestId('template-text').textContent()).toContain('{{strategy.market_position}}')
  await page.getByTestId('dry-run').click()
  await expect.poll(() => page.getByTestId('dry-result').textContent()).toContain('margin, USDT')
  await page.getByTestId('dry-body').fill('hello there')
  await page.getByTestId('dry-run').click()
  await expect.poll(() => page.getByTestId('dry-result').textContent()).toContain('neither JSON nor key=value')
  await shoot('webhook')
})

it('shows what is held and what is missing, and carries it out when its owner says so', async () => {
  const send = async (from: string, to: string) => {
    const body = JSON.stringify({
      symbol: 'BTCUSDT.P',
      action: to === 'long' ? 'buy' : 'sell',
      contracts: '0.01',
      prev_market_position: from,
      market_position: to,
      timenow: new Date().toISOString(),
    })
    const sent = await fetch(`${stack.webUrl}${address.pathname}`, { method: 'POST', body })
    const { signalId }: { signalId: string } = JSON.parse(await sent.text())
    return signalId
  }
  await send('flat', 'long')
  const held = await send('flat', 'short')
  await page.getByTestId('held-banner').waitFor()
  await page.getByTestId('held-banner').getByRole('link').click()
  await page.locator(`[data-testid="log-row"][data-id="${held}"][data-outcome="Held"]`).waitFor()
  await page.goto(`${stack.webUrl}/signals/${held}`)
  const note = page.getByTestId('hold')
  await expect.poll(() => note.textContent()).toMatch(/from long to\s+flat/)
  await shoot('held')
  await page.getByTestId('hold-carry-out').click()
  await page.getByTestId('confirm').click()
  await page.locator('[data-testid="hold"][data-state="RELEASED"]').waitFor()
  await page.getByTestId('hold-release').click()
  await page.locator('[data-testid="traced-order"][data-leg="open"][data-state="FILLED"]').waitFor()
  await page.getByText('The held signal that it carries out').waitFor()
  await page.getByTestId('held-banner').waitFor({ state: 'detached' })

  await page.getByTestId('replay').click()
  await page.getByTestId('confirm').click()
  await page.getByText('The signal that it replays').waitFor()
  await shoot('replay')
})

it('leaves everything as it is where nothing is to be held', async () => {
  await page.goto(`${stack.webUrl}/webhook`)
  const holds = page.getByTestId('webhook-hold-gaps')
  await expect.poll(() => holds.getAttribute('aria-checked')).toBe('true')
  await Promise.all([page.waitForResponse((response) => response.request().method() !== 'GET' && response.ok()), holds.click()])
  await page.reload()
  await expect.poll(() => holds.getAttribute('aria-checked')).toBe('false')
})

/** SHOTS is a folder: the page in both themes and on a phone. */
async function shoot(name: string): Promise<void> {
  if (!process.env['SHOTS']) return
  for (const [view, width, colorScheme] of [
    ['dark', 1440, 'dark'],
    ['light', 1440, 'light'],
    ['phone', 360, 'light'],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    await page.screenshot({ path: `${process.env['SHOTS']}/${name}-${view}.png`, fullPage: true })
  }
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 1440, height: 900 })
}

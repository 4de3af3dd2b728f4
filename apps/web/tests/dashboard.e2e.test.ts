import { join } from 'node:path'
import { routes } from '@matic/contracts'
import { seed } from '@matic/prisma/seed'
import { createClient, type Client } from '@matic/sdk'
import { launchBrowser, startStack, type Stack } from '@matic/testkit'
import { Decimal } from 'decimal.js'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

const trader = { email: 'user@matic.test', password: 'user123456' }
const picture = join(import.meta.dirname, '..', '..', '..', 'docs', 'dashboard.png')

let stack: Stack
let browser: Browser
let page: Page
let api: Client
let problems: string[]

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({ web: true, timingsScale: 1, prepare: async ({ databaseUrl }) => void (await seed({ databaseUrl, passwordCost: 4 })) }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  api = await signedInClient()
  await vi.waitUntil(() => api.call(routes.exchange.balance).catch(() => null), { timeout: 60_000, interval: 250 })
  page = await openPage()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})
afterEach(() => {
  expect(problems).toEqual([])
})

async function signedInClient(): Promise<Client> {
  let accessToken: string | null = null
  const client = createClient({ baseUrl: stack.webUrl, getAccessToken: () => accessToken })
  accessToken = (await client.call(routes.auth.login, { body: trader })).accessToken
  return client
}

/** A page in which every console error, failed request and refused answer is a problem. */
async function openPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const opened = await context.newPage()
  const found: string[] = []
  opened.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') found.push(`${message.type()}: ${message.text()}`)
  })
  opened.on('pageerror', (error) => found.push(`page error: ${error.message}`))
  opened.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? ''
    // Leaving a page ends its requests.
    if (reason !== 'net::ERR_ABORTED') found.push(`failed: ${request.url()} ${reason}`)
  })
  opened.on('response', (response) => {
    if (response.status() >= 400) found.push(`${response.status()}: ${response.url()}`)
  })
  problems = found
  return opened
}

interface ShownPosition {
  readonly side: string
  readonly size: string
  readonly entry: string
  readonly mark: string
  readonly pnl: string
  readonly text: string
}

/** As much of a DOM element as is read inside the page. */
interface PositionElement {
  readonly dataset: { readonly side?: string; readonly size?: string; readonly entry?: string; readonly mark?: string }
  querySelector(selector: string): { readonly textContent: string | null; getAttribute(name: string): string | null } | null
}

/** All of one moment: the figures belong together. */
async function readPosition(marketId: string): Promise<ShownPosition> {
  return page.getByTestId(`position-row-${marketId}`).evaluate((row: PositionElement) => {
    const { side = '', size = '', entry = '', mark = '' } = row.dataset
    const cell = row.querySelector('[data-testid^="position-pnl-"]')
    return { side, size, entry, mark, pnl: cell?.getAttribute('data-exact') ?? '', text: cell?.textContent ?? '' }
  })
}

function expectExact({ side, size, entry, mark, pnl, text }: ShownPosition): void {
  const expected = new Decimal(mark)
    .minus(entry)
    .times(size)
    .times(side === 'LONG' ? 1 : -1)
  expect(pnl).toBe(expected.toFixed())
  const word = expected.isZero() ? '' : expected.gt(0) ? 'profit' : 'loss'
  const sign = expected.isZero() ? '' : expected.gt(0) ? '+' : '−'
  expect(text).toContain(word)
  expect(text).toContain(`${sign}${expected.abs().toFixed(4, Decimal.ROUND_HALF_EVEN)}`)
}

/** MATIC_PICTURES=1: they are part of the dashboard's sources, so that drawing them at every run would build it anew each time. */
async function drawForLandingPage(): Promise<void> {
  for (const theme of ['light', 'dark']) {
    await page.keyboard.press('t')
    await page.locator(`html.${theme}`).waitFor()
    await page.waitForTimeout(500)
    await page.screenshot({ path: join(picture, '..', '..', 'apps', 'web', 'public', 'pictures', `overview-${theme}.png`) })
  }
}

/** The newest signal has run its whole way. */
async function waitForOutcome(outcome: string): Promise<void> {
  await page.locator(`[data-testid="signal-row"]:first-child[data-outcome="${outcome}"]`).waitFor()
}

describe('the dashboard', () => {
  it('says in words that a password is wrong, and lets the right one in', async () => {
    await page.goto(`${stack.webUrl}/login`)
    await page.getByTestId('login-email').fill(trader.email)
    await page.getByTestId('login-password').fill('not the password')
    await page.getByTestId('login-submit').click()
    await page.getByTestId('login-error').waitFor()
    expect(await page.getByTestId('login-error').innerText()).toContain('Caps Lock')
    // The browser itself reports a refused sign-in as an error; nothing else may have gone wrong.
    expect(problems.splice(0)).toEqual([expect.stringMatching(/401.*auth\/login/), expect.stringMatching(/status of 401/)])

    await page.getByTestId('login-password').fill(trader.password)
    await page.getByTestId('login-submit').click()
    await page.getByText('No open position').waitFor()
    await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
    await expect.poll(() => page.getByTestId('equity-value').innerText()).toBe('10,000.00')
    await expect.poll(() => page.getByTestId('account-environment').innerText()).toBe('PAPER')
  })

  it('shows a position with stop and target after a test alert, and its exact PnL moving', async () => {
    await page.getByTestId('test-alert-buy').click()
    await page.getByTestId('position-row-BTCUSDT').waitFor()
    await page.getByTestId('position-row-BTCUSDT').getByText('Protected').waitFor()
    await waitForOutcome('Filled')

    const first = await readPosition('BTCUSDT')
    expectExact(first)
    // The one that differs is the one that is looked at: the price may come back a moment later.
    const second = await vi.waitUntil(
      async () => {
        const now = await readPosition('BTCUSDT')
        return now.pnl === first.pnl ? undefined : now
      },
      { timeout: 60_000, interval: 100 },
    )
    expectExact(second)
    expect(second.mark).not.toBe(first.mark)

    const [position] = await api.call(routes.exchange.positions)
    expect({ side: second.side, size: second.size, entry: second.entry }).toEqual({
      side: position?.side,
      size: position?.size,
      entry: position?.entryPrice,
    })
    expect(position?.stopLoss).not.toBeNull()
    expect(position?.takeProfit).not.toBeNull()
    await page.getByText(/Sell Stop/).waitFor()
    await page.getByText(/Sell Target/).waitFor()
  })

  it('tells of a signal what was asked, decided and sent, and how long each step took', async () => {
    const row = page.getByTestId('signal-row').first()
    for (const step of ['stored', 'decided', 'sent', 'acknowledged', 'filled', 'protected']) {
      await expect.poll(() => row.innerText()).toMatch(new RegExp(`${step}\\s+[\\d.]+ m?s`))
    }
    await row.getByRole('button').first().click()
    await row.getByText('"action":"buy"').waitFor()
    await row.getByText('quantity base', { exact: true }).waitFor()
    await row.getByRole('button').first().click()
  })

  it('picks a market by keyboard, shows two positions side by side, and is drawn for the README', async () => {
    await page.keyboard.press('/')
    await page.getByPlaceholder('Find a market').fill('ETH')
    await page.keyboard.press('Enter')
    await page.getByText(/^Test alert for ETHUSDT\.P$/).waitFor()
    await page.getByTestId('test-alert-sell').click()
    await page.getByTestId('position-row-ETHUSDT').getByText('Protected').waitFor()
    await waitForOutcome('Filled')
    expectExact(await readPosition('ETHUSDT'))

    await page.getByTestId('position-row-BTCUSDT').getByRole('button', { name: 'BTC/USDT', exact: true }).click()
    await page.getByRole('button', { name: '1h', exact: true }).click()
    await page.getByTestId('chart-fit-levels').click()
    await page.getByRole('figure', { name: /candles of 1h.*Long from/ }).waitFor()
    const newest = page.getByTestId('signal-row').first()
    await newest.getByRole('button').first().click()
    await newest.getByText('"action":"sell"').waitFor()
    await page.mouse.move(0, 0)
    await page.evaluate('document.activeElement.blur()')
    await page.waitForTimeout(1_000)
    await page.screenshot({ path: picture })
    if (process.env['MATIC_PICTURES'] === '1') await drawForLandingPage()
    await newest.getByRole('button').first().click()
  })

  it('fits a phone in both themes without scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    for (const theme of ['light', 'dark']) {
      await page.keyboard.press('t')
      await page.locator(`html.${theme}`).waitFor()
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    }
    await page.getByTestId('position-close-BTCUSDT').scrollIntoViewIfNeeded()
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  it('closes a position from the table once the effect is confirmed', async () => {
    await page.getByTestId('position-close-ETHUSDT').click()
    await page.getByText(/Buys [\d.]+ ETH at market/).waitFor()
    await page.keyboard.press('Escape')
    await page.getByTestId('confirm').waitFor({ state: 'detached' })
    expect(await page.getByTestId('position-row-ETHUSDT').count()).toBe(1)

    await page.getByTestId('position-close-ETHUSDT').click()
    await page.getByTestId('confirm').click()
    await page.getByTestId('position-row-ETHUSDT').waitFor({ state: 'detached' })
    expect((await api.call(routes.exchange.positions)).map(({ marketId }) => marketId)).toEqual(['BTCUSDT'])
  })

  it('stops new entries with the kill switch, closes everything on the typed word, and goes on when released', async () => {
    await page.getByTestId('kill-switch').click()
    await page.getByText(/^1 position open/).waitFor()
    await page.getByTestId('kill-switch-close-all').click()
    expect(await page.getByTestId('confirm').isEnabled()).toBe(false)
    await page.getByTestId('kill-switch-word').fill('close')
    await page.getByTestId('confirm').click()
    await page.getByTestId('kill-banner').waitFor()
    await page.getByTestId('position-row-BTCUSDT').waitFor({ state: 'detached' })

    await page.getByTestId('test-alert-buy').click()
    await waitForOutcome('Blocked')
    await page.getByText('The kill switch is on: nothing opens until it is released.').first().waitFor()
    expect(await api.call(routes.exchange.positions)).toEqual([])

    await page.getByTestId('kill-switch').click()
    await page.getByTestId('confirm').click()
    await page.getByTestId('kill-banner').waitFor({ state: 'detached' })
    expect((await api.call(routes.bot.getSettings)).killSwitch).toEqual({ user: false, global: false })
  })

  it('shows a new webhook address in full this once', async () => {
    await page.getByTestId('webhook-rotate').click()
    await page.getByTestId('confirm').click()
    await page.getByText(/It is shown this once/).waitFor()
    const address = await page.getByTestId('webhook-address').innerText()
    const answer = await fetch(new URL(new URL(address).pathname, stack.webUrl), {
      method: 'POST',
      body: '{"symbol":"BTCUSDT","qty":"0.01"}',
    })
    expect(answer.status).toBe(422)
    await page.getByRole('button', { name: /^Rejected/ }).click()
    await page.getByTestId('rejected-list').getByText('"qty":"0.01"').waitFor()
  })

  it('keeps the session over a reload and ends it on signing out', async () => {
    await page.reload()
    await page.getByTestId('equity-value').waitFor()
    await page.getByTestId('menu').click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByTestId('login-submit').waitFor()
    await page.goto(stack.webUrl)
    await page.getByTestId('landing-sign-in').waitFor()
  })
})

describe('while the server is away', () => {
  it('says so, and shows by itself what happened meanwhile', async () => {
    page = await openPage()
    await page.goto(`${stack.webUrl}/login`)
    await page.getByTestId('login-email').fill(trader.email)
    await page.getByTestId('login-password').fill(trader.password)
    await page.getByTestId('login-submit').click()
    await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()

    await api.call(routes.bot.testAlert, { body: { symbol: 'ETHUSDT.P', action: 'buy' } })
    await stack.kill('api-1')
    await page.getByTestId('reconnect-banner').waitFor()
    await stack.restart('api-1')
    await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
    await page.getByTestId('position-row-ETHUSDT').waitFor()
    expectExact(await readPosition('ETHUSDT'))
    // Lost sockets are what this is about.
    expect(problems.splice(0).filter((problem) => !/WebSocket|socket\.io|50[23]|\b502\b/.test(problem))).toEqual([])
  })
})

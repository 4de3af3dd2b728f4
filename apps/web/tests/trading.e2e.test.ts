import { readFileSync } from 'node:fs'
import { routes } from '@matic/contracts'
import { seed } from '@matic/prisma/seed'
import { createClient, type Client } from '@matic/sdk'
import { clearOfMidnight } from '@matic/testkit/clear-of-midnight'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import { Decimal } from 'decimal.js'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

const webhookToken = 'a-webhook-token-of-this-test-0123456789'
/** A busy machine takes its time. */
const soon = { timeout: 60_000 }
const trader = { email: 'user@matic.test', password: 'user123456' }

let stack: Stack
let browser: Browser
let page: Page
let api: Client
let webhookPath: string
const problems: string[] = []

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({
      web: true,
      timingsScale: 1,
      async prepare({ databaseUrl }) {
        webhookPath = `/api/webhook/${(await seed({ databaseUrl, webhookToken, passwordCost: 4 })).userId}/${webhookToken}`
      },
    }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  let accessToken: string | null = null
  api = createClient({ baseUrl: stack.webUrl, getAccessToken: () => accessToken })
  accessToken = (await api.call(routes.auth.login, { body: trader })).accessToken
  await vi.waitUntil(() => api.call(routes.exchange.balance).catch(() => null), { timeout: 60_000, interval: 250 })

  // What was made today is what both trades made.
  await clearOfMidnight(120_000)
  page = await (
    await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, reducedMotion: 'reduce' })
  ).newPage()
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`${message.type()}: ${message.text()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`)
  })
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill(trader.email)
  await page.getByTestId('login-password').fill(trader.password)
  await page.getByTestId('login-submit').click()
  await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})
afterEach(() => {
  expect(problems.splice(0)).toEqual([])
})

/** Once colours have stopped fading, and nothing is pointed at. */
async function barriers(): Promise<string[]> {
  await page.mouse.move(0, 0)
  await page.waitForTimeout(500)
  return accessibilityProblems(page)
}

const row = () => page.getByTestId('position-row-BTCUSDT')
const waitForPosition = (attributes: string) => page.locator(`[data-testid="position-row-BTCUSDT"]${attributes}`).waitFor()

describe('trading by hand', () => {
  it('opens a position from the order form', async () => {
    await page.goto(`${stack.webUrl}/orders`)
    await page.getByText('No order rests').waitFor()
    await page.getByTestId('new-order').click()
    await page.getByTestId('new-quantity').fill('0.04')
    await page.getByText(/Buys 0\.04 BTC at market, about/).waitFor()
    await page.getByTestId('confirm').click()
    await page.getByTestId('confirm').waitFor({ state: 'detached' })
    await page.goto(`${stack.webUrl}/positions`)
    await waitForPosition('[data-side="LONG"][data-size="0.04"][data-protection="PROTECTED"]')
    expect(await barriers()).toEqual([])
  })

  it('moves its stop in place, after saying what that would bring', async () => {
    const mark = new Decimal((await row().getAttribute('data-mark')) ?? 0)
    const stop = mark.times('0.97').toFixed(0)
    await page.getByTestId('edit-stop-BTCUSDT').click()
    await page.getByTestId('level-stop').fill(mark.times('1.1').toFixed(0))
    await page.getByTestId('level-save').click()
    await page.getByText(/wrong side of the price/).waitFor()
    // A refused price is a refused answer.
    expect(problems.splice(0).every((problem) => problem.includes('422'))).toBe(true)

    await page.getByTestId('level-stop').fill(stop)
    await page.getByText(/If it is hit, the position closes at market: about/).waitFor()
    await page.getByTestId('level-save').click()
    await waitForPosition(`[data-stop="${stop}"][data-protection="PROTECTED"]`)
    await page.goto(`${stack.webUrl}/orders?tab=conditional`)
    await page.locator('[data-testid="order-row"][data-leg="stop"][data-state="ACKED"]').waitFor()
    await expect.poll(() => page.locator('[data-testid="order-row"][data-leg="stop"]').count(), soon).toBe(1)
  })

  it('tells of an order what it filled and every request made for it', async () => {
    await page.goto(`${stack.webUrl}/orders?tab=history`)
    await page
      .locator('[data-testid="order-row"][data-leg="open"]')
      .getByRole('button', { name: /^Details/ })
      .click()
    await page.getByText(/^0\.04 at /).waitFor()
    await page.getByText(/^1\. Resting/).waitFor()
    expect(await barriers()).toEqual([])
    await page.keyboard.press('Escape')
  })

  it('closes half, reverses, and closes the rest', async () => {
    await page.goto(`${stack.webUrl}/positions`)
    await page.getByTestId('position-close-BTCUSDT').click()
    await page.getByTestId('share-0.5').click()
    await page.getByText(/Sells about 0\.02 BTC at market/).waitFor()
    expect(await barriers()).toEqual([])
    await page.getByTestId('confirm').click()
    await waitForPosition('[data-side="LONG"][data-size="0.02"]')

    await page.getByTestId('position-more-BTCUSDT').click()
    await page.getByRole('menuitem', { name: 'Reverse' }).click()
    await page.getByText(/a short of about/).waitFor()
    await page.getByTestId('confirm').click()
    await waitForPosition('[data-side="SHORT"][data-size="0.02"][data-protection="PROTECTED"]')

    await page.getByTestId('position-close-BTCUSDT').click()
    await page.getByTestId('share-1').click()
    await page.getByTestId('confirm').click()
    await page.getByText('No open position').waitFor()
  })

  it('shows both trades with their exact result, and writes the same into the CSV', async () => {
    let trades = await api.call(routes.trades.list, {})
    let made = new Decimal(0)
    // What the wallet gained is what both made, once both are booked.
    const gainedAsMade = async () => {
      trades = await api.call(routes.trades.list, {})
      made = trades.reduce((sum, trade) => sum.plus(trade.netPnl), new Decimal(0))
      const [wallet] = await api.call(routes.wallet.list, {})
      return [trades.length, new Decimal(wallet?.total ?? 0).minus(10_000).minus(made).toFixed()]
    }
    await expect.poll(gainedAsMade, soon).toEqual([2, '0'])
    expect(trades.map(({ side, quantity }) => [side, quantity])).toEqual([
      ['SHORT', '0.02'],
      ['LONG', '0.04'],
    ])

    await page.goto(`${stack.webUrl}/trades`)
    await expect.poll(() => page.getByTestId('trade-row').count(), soon).toBe(2)
    expect(await barriers()).toEqual([])
    const shown = await page
      .getByTestId('trade-net')
      .evaluateAll((cells: { dataset: { exact?: string } }[]) => cells.map(({ dataset }) => dataset.exact))
    expect(shown).toEqual(trades.map(({ netPnl }) => netPnl))
    await expect.poll(() => page.getByTestId('trades-total').getAttribute('data-exact'), soon).toBe(made.toFixed())

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('csv').click()])
    expect(download.suggestedFilename()).toBe('trades.csv')
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n')
    const [header = '', ...rows] = lines.map((line) => line.split(','))
    const column = (name: string) => rows.map((cells) => cells[header.indexOf(name)])
    expect(column('net PnL')).toEqual(trades.map(({ netPnl }) => netPnl).toReversed())
    expect(column('id')).toEqual(trades.map(({ id }) => id).toReversed())
  })

  it('keeps filters in the address, over a reload', async () => {
    await page.getByRole('combobox', { name: 'Side' }).click()
    await page.getByRole('option', { name: /Short/ }).click()
    await expect.poll(() => page.url(), soon).toContain('side=SHORT')
    await expect.poll(() => page.getByTestId('trade-row').count(), soon).toBe(1)
    await page.reload()
    await expect.poll(() => page.getByTestId('trade-row').count(), soon).toBe(1)
    await page.getByRole('tab', { name: 'Ledger' }).click()
    await page.getByText('Deposit or withdrawal').waitFor()
  })

  it('adds up in the portfolio', async () => {
    await page.goto(`${stack.webUrl}/portfolio`)
    const metrics = await api.call(routes.portfolio.metrics, {})
    const net = page.getByTestId('metric-net-pnl').locator('[data-exact]')
    await expect.poll(() => net.getAttribute('data-exact'), soon).toBe(metrics.totalPnl)
    await expect.poll(() => page.getByTestId('realized-today').getAttribute('data-exact'), soon).toBe(metrics.totalPnl)
    await page.getByRole('figure', { name: /^Equity from/ }).waitFor()
    expect(await barriers()).toEqual([])
    await page.getByRole('link', { name: /in 2 trades/ }).click()
    await expect.poll(() => page.url(), soon).toContain('/trades?from=')
  })

  it('shows whose shares a position is where they stand against each other, and moves and closes one of them', async () => {
    const [account] = await api.call(routes.accounts.list)
    await api.call(routes.accounts.share, { params: { id: account?.id ?? '' }, body: { sharedSymbols: 'net' } })
    await fetch(stack.apiUrl + webhookPath, {
      method: 'POST',
      body: JSON.stringify({ action: 'buy', symbol: 'BTCUSDT', quantity: '0.03' }),
    })
    await page.goto(`${stack.webUrl}/positions`)
    await waitForPosition('[data-side="LONG"][data-size="0.03"][data-protection="PROTECTED"]')
    const share = (source: string, attributes = '') => page.locator(`[data-testid="share-row"][data-source="${source}"]${attributes}`)
    await api.call(routes.exchange.placeOrder, { body: { symbol: 'BTCUSDT', side: 'sell', quantity: '0.03' } })
    await waitForPosition('[data-size="0"][data-protection="PROTECTED"]')
    expect(await row().innerText()).toMatch(/Flat[\s\S]*0\.03 long, 0\.03 short[\s\S]*nothing is left at\s+the exchange/)
    expect(await share('MANUAL').innerText()).toMatch(/Your own hand[\s\S]*Short[\s\S]*All of it watched here/)
    expect(await share('WEBHOOK').innerText()).toMatch(/Your webhook ending in 6789[\s\S]*Long[\s\S]*All of it watched here/)
    expect(await barriers()).toEqual([])

    const stop = new Decimal((await row().getAttribute('data-mark')) ?? 0).times('0.96').toFixed(0)
    await share('WEBHOOK')
      .getByRole('button', { name: /^Change the stop/ })
      .click()
    await page.getByTestId('level-stop').fill(stop)
    await page.getByTestId('level-save').click()
    await share('WEBHOOK', `[data-stop="${stop}"]`).waitFor()
    expect(await share('MANUAL').getAttribute('data-stop')).not.toBe(stop)

    await share('MANUAL').getByTestId('share-close').click()
    await page.getByTestId('share-0.5').click()
    await page.getByText(/Buys about 0\.015 BTC at market/).waitFor()
    await page.getByTestId('confirm').click()
    await waitForPosition('[data-side="LONG"][data-size="0.015"]')
    await share('WEBHOOK', '[data-at-exchange="0.015"]').getByText('0.015 at the exchange, 0.015 watched here').waitFor()

    // What another source holds closes by itself as well, and leaves one's own.
    await share('WEBHOOK')
      .getByRole('button', { name: /^Close your webhook ending in 6789 in BTC\/USDT/ })
      .click()
    await page.getByText('The webhook stays on: its next alert is traded.').waitFor()
    await page.getByTestId('confirm').click()
    await waitForPosition('[data-side="SHORT"][data-size="0.015"]')
    await expect.poll(() => page.getByTestId('share-row').count(), soon).toBe(0)
  })

  it('fits a phone in both themes without scrolling sideways', async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    for (const path of ['/positions', '/orders?tab=history', '/trades', '/portfolio'])
      for (const theme of ['light', 'dark']) {
        await page.goto(`${stack.webUrl}${path}`)
        await page.locator('h1').waitFor()
        await page.keyboard.press('t')
        await page.locator(`html.${theme}`).waitFor()
        await page.waitForTimeout(300)
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${path} ${theme}`).toBe(360)
      }
    await page.setViewportSize({ width: 1440, height: 900 })
  })
})

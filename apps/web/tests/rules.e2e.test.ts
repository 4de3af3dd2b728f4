import { routes } from '@matic/contracts'
import { seed } from '@matic/prisma/seed'
import { createClient, type Client } from '@matic/sdk'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

const trader = { email: 'user@matic.test', password: 'user123456' }

let stack: Stack
let browser: Browser
let page: Page
let api: Client

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({ web: true, timingsScale: 1, prepare: async ({ databaseUrl }) => void (await seed({ databaseUrl, passwordCost: 4 })) }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  let accessToken: string | null = null
  api = createClient({ baseUrl: stack.webUrl, getAccessToken: () => accessToken })
  accessToken = (await api.call(routes.auth.login, { body: trader })).accessToken
  await vi.waitUntil(() => api.call(routes.exchange.balance).catch(() => null), { timeout: 60_000, interval: 250 })
  page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 }, reducedMotion: 'reduce' })).newPage()
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill(trader.email)
  await page.getByTestId('login-password').fill(trader.password)
  await page.getByTestId('login-submit').click()
  await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
  await page.goto(`${stack.webUrl}/rules`)
  await page.getByTestId('example').waitFor()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

const box = (field: string) => page.getByTestId(`rule-${field}`).locator('input').first()
const example = (part: string) => page.getByTestId(`example-${part}`).first()
const saved = async () => (await api.call(routes.rules.get)).rules

async function choose(field: string, option: string): Promise<void> {
  await page.getByTestId(`rule-${field}`).getByRole('combobox').click()
  await page.getByRole('option', { name: option }).click()
}

it('shows what the rules would do with an open, before they are saved', async () => {
  await vi.waitUntil(async () => /costs (49\d|500)\.\d\d USDT/.test(await example('stop').innerText()), { timeout: 60_000 })
  await box('stopLossPercent').fill('2')
  await vi.waitUntil(async () => /costs (19\d|200)\.\d\d USDT/.test(await example('stop').innerText()), { timeout: 60_000 })
  await choose('sizingMode', 'Risk per trade')
  await box('riskPerTrade').fill('1')
  await vi.waitUntil(async () => /costs (9\d|100)\.\d\d USDT/.test(await example('stop').innerText()), { timeout: 60_000 })
  expect((await saved()).stopLossPercent).toBe('5')
  await page.getByTestId('save-rules').click()
  await page.getByTestId('unsaved').waitFor({ state: 'detached' })
  expect(await saved()).toMatchObject({ stopLossPercent: '2', sizingMode: 'risk-per-trade', riskPerTrade: '1' })
})

it('takes profit at several targets and lets the rest trail', async () => {
  for (let count = 0; count < 2; count += 1) await page.getByTestId('add-target').click()
  await page.getByTestId('target-share').nth(1).fill('30')
  await page.getByTestId('rule-trailingStop').getByRole('switch').click()
  await vi.waitUntil(async () => (await page.getByTestId('example-target').count()) === 2, { timeout: 60_000 })
  expect(await example('trailing').innerText()).toContain('1 % behind the best price')
  await page.getByTestId('save-rules').click()
  await page.getByTestId('unsaved').waitFor({ state: 'detached' })
  expect(await saved()).toMatchObject({
    trailingStop: true,
    targets: [
      { percent: '2', share: '50' },
      { percent: '4', share: '30' },
    ],
  })
})

it('says beside the field what is wrong and saves nothing of it', async () => {
  await box('maxLeverage').fill('500')
  await page.getByTestId('rule-maxLeverage').getByText(/125/).waitFor()
  expect(await page.getByTestId('save-rules').isDisabled()).toBe(true)
  await box('maxLeverage').fill('5')
  await page.getByTestId('save-rules').click()
  await page.getByTestId('rule-defaultLeverage').getByText('Must not be above the maximum leverage of 5').waitFor()
  await page.getByTestId('discard').click()
  await page.getByTestId('unsaved').waitFor({ state: 'detached' })
  expect(await saved()).toMatchObject({ maxLeverage: 50, defaultLeverage: 10 })
})

it('gives one account rules of its own, and lets it inherit again', async () => {
  await page.getByTestId('scope-account').click()
  expect(await box('maxPositions').isDisabled()).toBe(true)
  await page.getByTestId('override-maxPositions').click()
  await box('maxPositions').fill('1')
  await page.getByTestId('save-rules').click()
  await page.getByTestId('unsaved').waitFor({ state: 'detached' })
  expect(await page.getByTestId('scope-account').innerText()).toContain('1 own')
  const [account] = (await api.call(routes.rules.get)).accounts
  expect(account).toMatchObject({ overrides: { maxPositions: 1 }, usage: { positions: { limit: 1 } } })
  await page.getByText('0 of 1').waitFor()

  await page.getByTestId('override-maxPositions').click()
  expect(await box('maxPositions').inputValue()).toBe('5')
  await page.getByTestId('save-rules').click()
  await page.getByTestId('unsaved').waitFor({ state: 'detached' })
  expect((await api.call(routes.rules.get)).accounts[0]?.overrides).toEqual({})
})

it('can be used by everyone, on a phone too', async () => {
  expect(await accessibilityProblems(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 740 })
  await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  expect(await accessibilityProblems(page)).toEqual([])
})

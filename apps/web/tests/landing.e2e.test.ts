import { launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

const Reference = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })

let stack: Stack
let browser: Browser
let page: Page
const problems: string[] = []

beforeAll(async () => {
  const started = await Promise.all([startStack({ web: true, workers: 0, timingsScale: 1 }), launchBrowser()])
  ;[stack, browser] = started
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`)
  })
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

it('says to a stranger what this is, and shows it in the colours they see', async () => {
  await page.goto(stack.webUrl)
  await page.getByRole('heading', { level: 1, name: /TradingView alerts/ }).waitFor()
  const shown = page.getByRole('figure').locator('img:visible')
  await expect.poll(() => shown.getAttribute('src')).toContain('dark')
  await expect.poll(() => shown.evaluate((image: { naturalWidth: number }) => image.naturalWidth)).toBeGreaterThan(1_000)
  await page.getByRole('button', { name: 'Light theme' }).click()
  await expect.poll(() => shown.getAttribute('src')).toContain('light')
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 740 })
    await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  }
  await page.getByTestId('landing-sign-in').click()
  await page.getByTestId('login-submit').waitFor()
  expect(problems).toEqual([])
})

it('has a reference of the API with every route, found by a word and opened by a click', async () => {
  await page.goto(`${stack.webUrl}/docs`)
  await page.getByTestId('operation').first().waitFor()
  const { paths } = Reference.parse(await (await fetch(`${stack.webUrl}/api/openapi.json`)).json())
  const all = Object.values(paths).flatMap((methods) => Object.keys(methods)).length
  await expect.poll(() => page.getByTestId('operation').count()).toBe(all)

  await page.getByTestId('docs-find').fill('kill switch')
  const found = page.getByTestId('operation').filter({ hasText: '/api/bot/kill-switch' })
  await found.getByRole('button').first().click()
  await found.getByText('closePositions').waitFor()
  await found.getByText(/curl -X POST/).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  expect(problems).toEqual([])
})

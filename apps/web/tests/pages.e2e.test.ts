import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { seed } from '@matic/prisma/seed'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const trader = { email: 'user@matic.test', password: 'user123456' }
const views = [
  { name: 'desktop, dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone, light', viewport: { width: 360, height: 740 }, colorScheme: 'light' },
] as const

let stack: Stack
let browser: Browser

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({
      web: true,
      timingsScale: 1,
      env: { API_REQUESTS_PER_MINUTE: '6000' },
      prepare: async ({ databaseUrl }) => void (await seed({ databaseUrl })),
    }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

interface Address {
  readonly path: string
  /** Shown to people who are not signed in, and to them alone. */
  readonly forGuests: boolean
}

/** Every page that needs no id in its address, as the router knows it. */
function addresses(): Address[] {
  const folder = join(import.meta.dirname, '..', 'app', 'pages')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.vue') && !file.includes('['))
    .map((file) => ({
      path: `/${file.replace(/\.vue$/, '').replace(/(^|\/)index$/, '')}`,
      forGuests: readFileSync(join(folder, file), 'utf8').includes("'guest'"),
    }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

async function signIn(context: BrowserContext): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill(trader.email)
  await page.getByTestId('login-password').fill(trader.password)
  await page.getByTestId('login-submit').click()
  await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
  await page.close()
}

function listen(page: Page): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`page error: ${error.message}`))
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`)
  })
  return problems
}

describe.each(views)('every page on $name', ({ viewport, colorScheme }) => {
  let signedIn: BrowserContext
  let signedOut: BrowserContext
  beforeAll(async () => {
    signedIn = await open()
    signedOut = await open()
    await signIn(signedIn)
  })
  afterAll(() => Promise.all([signedIn.close(), signedOut.close()]))

  async function open(): Promise<BrowserContext> {
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' })
    await context.addInitScript(`localStorage.setItem('nuxt-color-mode', '${colorScheme}')`)
    return context
  }

  // A page mostly waits: two at a time.
  it.concurrent.each(addresses())(
    '$path loads without an error, fits its width and can be used by everyone',
    async ({ path, forGuests }) => {
      const page = await (forGuests ? signedOut : signedIn).newPage()
      const problems = listen(page)
      await page.goto(`${stack.webUrl}${path}`)
      await page.locator('main').waitFor()
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
      await page.waitForTimeout(700)

      expect(problems).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
      expect(await page.locator('h1').count()).toBe(1)
      expect(await accessibilityProblems(page)).toEqual([])
      await page.close()
    },
  )
})

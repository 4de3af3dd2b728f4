import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDb } from '@matic/db'
import { insertFollows, variedSettings } from '@matic/prisma/insert-follows'
import { seed } from '@matic/prisma/seed'
import { seedFollowers } from '@matic/prisma/seed-followers'
import { accessibilityProblems, launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeLeader } from '@matic/testkit/copying/make-leader'

const trader = { email: 'user@matic.test', password: 'user123456' }
const desktop = { name: 'desktop, dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' } as const
const phone = { name: 'phone, light', viewport: { width: 360, height: 740 }, colorScheme: 'light' } as const

const strategyId = randomUUID()
const followId = randomUUID()
let ownStrategyId: string
let stack: Stack
let browser: Browser

/** The trader leads three and follows one whose record is long. */
async function makeScene(databaseUrl: string): Promise<void> {
  const { userId } = await seed({ databaseUrl, passwordCost: 4 })
  await seedFollowers({ databaseUrl, count: 3, leaderUserId: userId, password: trader.password, depositUsdt: '10000' })
  const db = createDb({ databaseUrl, applicationName: 'test', poolSize: 1, onError: () => undefined })
  await makeLeader(db, strategyId)
  const [own] = await db.query<{ id: string; accountId: string }>('SELECT id, account_id AS "accountId" FROM strategy WHERE user_id = $1', [
    userId,
  ])
  if (!own) throw new Error('Nobody leads')
  const webhookId = randomUUID()
  await db.query(
    `WITH door AS (INSERT INTO webhook (id, user_id, token_hash, token_tail) SELECT $2::uuid, user_id, sha256($2::text::bytea), 'door' FROM strategy WHERE id = $1)
     UPDATE strategy SET source_kind = 'WEBHOOK', source_id = $2::uuid WHERE id = $1`,
    [strategyId, webhookId],
  )
  ownStrategyId = own.id
  const follow = { id: followId, routeId: randomUUID(), userId, accountId: own.accountId, settings: variedSettings(0), equity: '10000' }
  await db.transaction((tx) => insertFollows(tx, { strategyId, webhookId, follows: [follow] }))
  await db.close()
}

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({
      web: true,
      timingsScale: 1,
      env: { API_REQUESTS_PER_MINUTE: '6000' },
      prepare: ({ databaseUrl }) => makeScene(databaseUrl),
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

/** Pages of one thing: the scene made it. */
const ofOne: readonly Address[] = ['/copy/:strategy', '/copies/:follow', '/lead/:own'].map((path) => ({ path, forGuests: false }))

async function show(page: Page, { viewport, colorScheme }: typeof desktop | typeof phone): Promise<void> {
  await page.setViewportSize(viewport)
  await page.emulateMedia({ colorScheme })
}

async function signIn(page: Page): Promise<void> {
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill(trader.email)
  await page.getByTestId('login-password').fill(trader.password)
  await page.getByTestId('login-submit').click()
  await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
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

describe('every page', () => {
  // One tab each: a new one would read the whole dashboard's code anew.
  let signedIn: Page
  let signedOut: Page
  beforeAll(async () => {
    signedIn = await openTab()
    signedOut = await openTab()
    await signIn(signedIn)
  })

  async function openTab(): Promise<Page> {
    const context = await browser.newContext({ reducedMotion: 'reduce' })
    await context.addInitScript(`localStorage.setItem('nuxt-color-mode', 'system')`)
    return context.newPage()
  }

  it.each([...addresses(), ...ofOne])(
    '$path loads without an error, fits its width and can be used by everyone, on a dark desktop and a light phone',
    async ({ path: given, forGuests }) => {
      const path = given.replace(':strategy', strategyId).replace(':follow', followId).replace(':own', ownStrategyId)
      const page = forGuests ? signedOut : signedIn
      const problems = listen(page)
      await show(page, desktop)
      await page.goto(`${stack.webUrl}${path}`)
      await page.locator('main').waitFor()
      await page.locator('[aria-busy="true"]').first().waitFor({ state: 'detached' })
      await page.waitForTimeout(500)

      for (const view of [desktop, phone]) {
        const { name } = view
        await show(page, view)
        await page.locator(`html.${view.colorScheme}`).waitFor()
        await page.waitForTimeout(200)

        expect(problems, name).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), name).toBe(0)
        expect(await page.locator('h1').count(), name).toBe(1)
        expect(await accessibilityProblems(page), name).toEqual([])
      }
      page.removeAllListeners()
    },
  )
})

import { accessibilityProblems, addBusyTrader, busyTrader, busyWebhookPath, launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

const ROWS = 1_200
/** More than fit on the tallest screen, fewer than make a page slow. */
const FEW = 60

let stack: Stack
let browser: Browser
let page: Page

beforeAll(async () => {
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({ web: true, timingsScale: 1, prepare: ({ databaseUrl }) => addBusyTrader({ databaseUrl, rows: ROWS }) }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })).newPage()
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill(busyTrader.email)
  await page.getByTestId('login-password').fill(busyTrader.password)
  await page.getByTestId('login-submit').click()
  await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

interface Shown {
  readonly index: number
  readonly id: string
  readonly top: number
}

/** What of a list is in the page, in order. */
const rowsInPage = (): Promise<Shown[]> =>
  page
    .locator('[data-index]')
    .evaluateAll(
      (all: { dataset: { index?: string; id?: string }; textContent: string | null; getBoundingClientRect(): { top: number } }[]) =>
        all.map((row) => ({
          index: Number(row.dataset.index),
          id: row.dataset.id ?? row.textContent ?? '',
          top: row.getBoundingClientRect().top,
        })),
    )
/** Once nothing moves any more. */
async function rowsAtRest(): Promise<Shown[]> {
  for (let before = ''; ;) {
    await page.waitForTimeout(500)
    const rows = await rowsInPage()
    if (JSON.stringify(rows) === before) return rows
    before = JSON.stringify(rows)
  }
}
const lastInPage = async () => (await rowsInPage()).at(-1)?.index

it.each([
  ['/signals?rows=1000', 'entries'],
  ['/orders?tab=history&rows=1000', 'orders'],
  ['/trades?rows=1000', 'trades'],
  ['/activity?rows=1000', 'lines'],
])('%s lists a thousand rows and holds few of them in the page, at both ends', async (path, noun) => {
  await page.goto(stack.webUrl + path)
  // The sign-in of this test is a line of the log too.
  await page.getByText(new RegExp(`1 to 1,000 of 1,20\\d ${noun}`)).waitFor()
  await page.locator('[data-index]').first().waitFor()
  const isLog = path.startsWith('/activity')
  if (!isLog) await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
  await expect.poll(lastInPage).toBe(999)
  const atEnd = await rowsInPage()
  expect(atEnd.length).toBeGreaterThan(5)
  expect(atEnd.length).toBeLessThan(FEW)

  if (isLog) {
    await page.getByTestId('activity-follow').click()
    await page.getByTestId('activity-lines').evaluate((element: { scrollTop: number }) => {
      element.scrollTop = 0
    })
  } else await page.evaluate('scrollTo(0, 0)')
  await expect.poll(async () => (await rowsInPage())[0]?.index).toBe(0)
  expect((await rowsInPage()).length).toBeLessThan(FEW)
})

it('leads from a page that is not there to the last one', async () => {
  await page.goto(`${stack.webUrl}/trades?page=99`)
  await page.getByText('1,151 to 1,200 of 1,200 trades').waitFor()
  expect(new URL(page.url()).searchParams.get('page')).toBe('24')
})

it('keeps a column hidden over a reload', async () => {
  const slippage = page.getByRole('columnheader', { name: 'Slippage' })
  await page.goto(`${stack.webUrl}/orders?tab=history`)
  await slippage.waitFor()
  await page.getByTestId('columns').click()
  await page.getByRole('menuitemcheckbox', { name: 'Slippage' }).click()
  await slippage.waitFor({ state: 'detached' })
  await page.reload()
  await page.getByRole('columnheader', { name: 'Fee', exact: true }).waitFor()
  expect(await slippage.count()).toBe(0)
})

it('walks a long list by the keyboard, its head in view', async () => {
  await page.goto(`${stack.webUrl}/signals?rows=1000`)
  await page.locator('[data-index="0"]').focus()
  await page.keyboard.press('ArrowDown')
  await page.locator('[data-index="1"]:focus').waitFor()
  await page.keyboard.press('PageDown')
  await page.locator('[data-index="11"]:focus').waitFor()
  await page.keyboard.press('End')
  await page.locator('[data-index="999"]:focus').waitFor()
  const headTop = async () => (await page.getByRole('columnheader', { name: 'What became of it' }).boundingBox())?.y
  const lastBottom = async () => {
    const last = await page.locator('[data-index="999"]').boundingBox()
    return last === null ? Infinity : last.y + last.height
  }
  await expect.poll(lastBottom).toBeLessThanOrEqual(900)
  expect(await headTop()).toBeGreaterThanOrEqual(40)
  expect(await headTop()).toBeLessThan(110)
  await page.keyboard.press('Enter')
  await page.getByTestId('trace').waitFor()
  await page.keyboard.press('Escape')
  await page.getByTestId('trace').waitFor({ state: 'detached' })
  await page.locator('[data-index="999"]:focus').waitFor()
  await page.keyboard.press('Home')
  await page.locator('[data-index="0"]:focus').waitFor()
  expect(await accessibilityProblems(page)).toEqual([])
})

it('does not move what is being read when something new comes in above it', async () => {
  await page.goto(`${stack.webUrl}/signals?rows=1000`)
  await page.locator('[data-index]').first().waitFor()
  await page.mouse.move(700, 500)
  await page.evaluate('scrollTo(0, 20000)')
  const before = (await rowsAtRest()).find(({ top }) => top > 300)
  if (before === undefined) throw new Error('nothing is in view')
  for (const body of ['{"action":"buy"}', '{"action":"sell"}', 'nothing to read'])
    expect((await fetch(stack.apiUrl + busyWebhookPath, { method: 'POST', body })).status).toBe(422)
  await expect.poll(async () => (await rowsInPage()).find(({ id }) => id === before.id)?.index).toBe(before.index + 3)
  const after = (await rowsInPage()).find(({ id }) => id === before.id)
  expect(Math.abs((after?.top ?? 0) - before.top)).toBeLessThanOrEqual(2)
})

import { createHmac } from 'node:crypto'
import { routes } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { createSecret } from '@matic/platform'
import { seed } from '@matic/prisma/seed'
import { createClient, type Client } from '@matic/sdk'
import { createPaperBank } from '@matic/services/accounts/paper-bank'
import { launchBrowser, startStack, type Stack } from '@matic/testkit'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const trader = { email: 'user@matic.test', password: 'user123456' }
const SECRET = 'a-secret-that-no-page-shows-again-31337'

let stack: Stack
let browser: Browser
let page: Page
let api: Client
let db: Db

beforeAll(async () => {
  const env = { EGRESS_IPS: '203.0.113.7,203.0.113.8' }
  const [startedStack, startedBrowser] = await Promise.all([
    startStack({
      web: true,
      timingsScale: 1,
      env,
      prepare: async ({ databaseUrl }) => void (await seed({ databaseUrl, passwordCost: 4 })),
    }),
    launchBrowser(),
  ])
  stack = startedStack
  browser = startedBrowser
  db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'test', poolSize: 2 })
  let accessToken: string | null = null
  api = createClient({ baseUrl: stack.webUrl, getAccessToken: () => accessToken })
  accessToken = (await api.call(routes.auth.login, { body: trader })).accessToken
  page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage()
  await page.goto(`${stack.webUrl}/login`)
  await page.getByTestId('login-email').fill(trader.email)
  await page.getByTestId('login-password').fill(trader.password)
  await page.getByTestId('login-submit').click()
  await page.locator('[data-testid="connection-state"][data-state="live"]').waitFor()
  await page.goto(`${stack.webUrl}/accounts`)
  await card('Paper').waitFor()
})
afterAll(async () => {
  await db?.close()
  await browser?.close()
  await stack?.stop()
})

/** The card of an account by its name. */
function card(label: string): Locator {
  return page.locator('article', { has: page.getByRole('heading', { level: 2, name: label, exact: true }) })
}
const status = (of: Locator) => of.getByTestId('account-status').innerText()

async function choose(of: Locator, entry: string): Promise<void> {
  await of.getByTestId('account-menu').click()
  await page.getByRole('menuitem', { name: entry }).click()
}

describe('the accounts page', () => {
  it('shows the account there is: ready, its mode, its clock and when it was looked at', async () => {
    await vi.waitUntil(async () => (await status(card('Paper'))) === 'Ready', { timeout: 60_000 })
    const text = await card('Paper').innerText()
    for (const words of ['PAPER', 'One-way (net)', '10,000.00 USDT', 'Paper money only']) expect(text).toContain(words)
    expect(text).toMatch(/[+−]?\d+ ms/)
    expect(text).toMatch(/just now|ago/)
    expect(await card('Paper').getByTestId('masked-key').innerText()).toMatch(/^\w{4}\*{4}\w{4}$/)
    expect(await page.getByTestId('server-addresses').first().innerText()).toBe('203.0.113.7, 203.0.113.8')
  })

  it('opens a paper account in one click, and renames it', async () => {
    await page.getByTestId('add-paper').click()
    await vi.waitUntil(async () => (await page.locator('article').count()) === 2, { timeout: 60_000 })
    await choose(page.locator('article').nth(1), 'Rename')
    await page.getByTestId('account-name').fill('Second try')
    await page.getByTestId('confirm').click()
    await card('Second try').waitFor()
    await vi.waitUntil(async () => (await status(card('Second try'))) === 'Ready', { timeout: 60_000 })
  })

  it('shows what a check finds, with what to do about it', async () => {
    const [account] = await db.query<{ id: string }>(`SELECT id FROM account WHERE label = 'Second try'`)
    await setHedgeMode(account?.id ?? '')
    await card('Second try').getByTestId('account-check').click()
    const finding = card('Second try').locator('[data-finding="HEDGE_MODE"]')
    await finding.waitFor()
    expect(await finding.innerText()).toMatch(/side by side[\s\S]*Nothing to do/)
    expect(await card('Second try').innerText()).toContain('Hedge (long and short)')

    // As the doctor writes it down when a key gets a right that it must not have.
    const findings = JSON.stringify([{ code: 'WITHDRAWAL_ALLOWED', severity: 'refuse', params: { exchange: 'Paper' } }])
    await db.query(`UPDATE account SET key_status = 'FROZEN' WHERE id = $1`, [account?.id])
    await db.query(`UPDATE account_check SET findings = $2, probe = jsonb_set(probe, '{permissions}', $3) WHERE account_id = $1`, [
      account?.id,
      findings,
      JSON.stringify({ read: true, trade: true, futures: true, withdraw: true, transfer: false }),
    ])
    await page.reload()
    await card('Second try').locator('[data-finding="WITHDRAWAL_ALLOWED"]').waitFor()
    expect(await status(card('Second try'))).toBe('Frozen: closes only')
    expect(await card('Second try').getByTestId('permission').allInnerTexts()).toEqual([
      'Reading',
      'Futures trading',
      'Withdrawals',
      'No transfers',
    ])

    await card('Second try').getByTestId('account-check').click()
    await vi.waitUntil(async () => (await status(card('Second try'))) === 'Ready', { timeout: 60_000 })
  })

  it('switches an account off and on', async () => {
    await card('Second try').getByTestId('account-toggle').click()
    await vi.waitUntil(async () => /Switched off/.test(await status(card('Second try'))), { timeout: 60_000 })
    expect((await api.call(routes.accounts.list)).find(({ label }) => label === 'Second try')?.isActive).toBe(false)
    await card('Second try').getByTestId('account-toggle').click()
    await vi.waitUntil(async () => (await status(card('Second try'))) === 'Ready', { timeout: 60_000 })
  })

  it('lets several sources hold shares of one symbol, and says why it cannot change while an order works', async () => {
    const find = async () => (await api.call(routes.accounts.list)).find(({ label }) => label === 'Second try')
    await card('Second try').getByRole('radio', { name: 'Keep shares apart' }).click()
    await vi.waitUntil(async () => (await find())?.sharedSymbols === 'net', { timeout: 60_000 })

    const accountId = (await find())?.id ?? ''
    const order = { accountId, symbol: 'BTCUSDT', side: 'buy', type: 'limit', quantity: '0.01', price: '20000' } as const
    const { orders } = await api.call(routes.exchange.placeOrder, { body: order })
    await card('Second try').getByRole('radio', { name: 'Refuse' }).click()
    const refused = card('Second try').getByTestId('sharing-refused')
    await refused.waitFor()
    expect(await refused.innerText()).toMatch(/Close the positions and cancel the orders/)
    expect((await find())?.sharedSymbols).toBe('net')

    await api.call(routes.exchange.cancelOrder, { params: { id: orders[0]?.id ?? '' } })
    await vi.waitUntil(
      async () => {
        await card('Second try').getByRole('radio', { name: 'Refuse' }).click()
        return (await find())?.sharedSymbols === 'refuse'
      },
      { timeout: 60_000, interval: 500 },
    )
  })

  it('asks for a passphrase where keys have one, and connects a key that it never shows', async () => {
    await page.getByTestId('add-key').click()
    await page.getByTestId('key-api-key').waitFor()
    expect(await page.getByTestId('key-passphrase').count()).toBe(0)
    for (const [name, wanted] of [
      ['Bybit', 0],
      ['Bitget', 1],
      ['OKX', 1],
    ] as const) {
      await page.getByTestId('key-exchange').click()
      await page.getByRole('option', { name }).click()
      await expect.poll(() => page.getByTestId('key-passphrase').count()).toBe(wanted)
    }
    await page.getByTestId('key-api-key').fill('abcd-5678-1234-wxyz')
    await page.getByTestId('key-secret').fill(SECRET)
    expect(await page.getByTestId('key-submit').isDisabled()).toBe(true)
    await page.getByTestId('key-passphrase').fill('a passphrase')
    await page.getByTestId('key-submit').click()

    const connected = card('OKX demo')
    await connected.waitFor()
    expect(await connected.innerText()).toMatch(/DEMO[\s\S]*OKX[\s\S]*abcd\*{4}wxyz/)
    const html = await page.content()
    expect(html).not.toContain(SECRET)
    expect(html).not.toContain('abcd-5678-1234-wxyz')

    await choose(connected, 'Disconnect and delete')
    await page.getByTestId('confirm').click()
    await connected.waitFor({ state: 'detached' })
  })

  it('keeps an account with an open position, and says so', async () => {
    const [account] = (await api.call(routes.accounts.list)).filter(({ label }) => label === 'Second try')
    if (!account) throw new Error('the account is gone')
    await api.call(routes.exchange.placeOrder, { body: { accountId: account.id, symbol: 'BTCUSDT', side: 'buy', quantity: '0.01' } })
    await choose(card('Second try'), 'Disconnect and delete')
    await page.getByTestId('confirm').click()
    const reason = page.getByRole('dialog').getByRole('alert')
    await reason.waitFor()
    expect(await reason.innerText()).toMatch(/1 position[\s\S]*Close and cancel what is open/)
    await page.keyboard.press('Escape')

    await api.call(routes.exchange.closePosition, { body: { accountId: account.id, symbol: 'BTCUSDT' } })
    await vi.waitUntil(async () => (await api.call(routes.exchange.positions, { query: { accountId: account.id } })).length === 0, {
      timeout: 60_000,
    })
    await vi.waitUntil(
      async () => {
        await choose(card('Second try'), 'Disconnect and delete')
        await page.getByTestId('confirm').click()
        return card('Second try')
          .waitFor({ state: 'detached', timeout: 3_000 })
          .then(() => true)
          .catch(() => page.keyboard.press('Escape').then(() => false))
      },
      { timeout: 60_000 },
    )
  })
})

/** As its owner would do at the exchange. */
async function setHedgeMode(ref: string): Promise<void> {
  const bank = createPaperBank({ venueUrl: stack.venueUrl, adminToken: createSecret(stack.secrets.VENUE_ADMIN_TOKEN) })
  const { apiKey, secret } = await bank.openAccount({ ref, depositUsdt: '10000' })
  const query = `dualSidePosition=true&timestamp=${Date.now()}`
  const signature = createHmac('sha256', secret).update(query).digest('hex')
  const url = `${stack.venueUrl}/fapi/v1/positionSide/dual?${query}&signature=${signature}`
  const response = await fetch(url, { method: 'POST', headers: { 'x-mbx-apikey': apiKey } })
  expect(response.status, await response.text()).toBe(200)
}

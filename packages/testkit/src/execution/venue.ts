import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCache, freePort, startProcess } from '@matic/local'
import { createSecret } from '@matic/platform'
import { z } from 'zod'
import { createPaperBank } from '@matic/services/accounts/paper-bank'
import type { PaperBank } from '@matic/services/accounts/open-paper-accounts'

export interface TestVenue extends AsyncDisposable {
  readonly url: string
  readonly bank: PaperBank
  /** Everything it ever accepted. */
  ledger(): Promise<readonly VenueOrder[]>
  positions(): Promise<readonly z.infer<typeof VenuePosition>[]>
  faults(faults: unknown): Promise<void>
  /** How often the fault of this name has acted since it was set. */
  hits(name: string): Promise<number>
  /** Holds the mark of a market (its id, such as BTCUSDT) at a price. */
  pin(marketId: string, mark: string): Promise<void>
  /** A signed request of the account's owner to the exchange itself, such as POST /fapi/v1/order: nothing of it goes through us. */
  byHand(ref: string, method: 'POST' | 'DELETE' | 'GET', path: string, params?: Record<string, string>): Promise<unknown>
  /** Sets an account to hedge mode, as its owner would do at the exchange. */
  hedge(ref: string): Promise<void>
}

const VenueOrder = z.object({
  ref: z.string(),
  clientOrderId: z.string(),
  status: z.string(),
  reduceOnly: z.boolean(),
  executedQty: z.string(),
  acceptedAt: z.number(),
})
type VenueOrder = z.infer<typeof VenueOrder>
const FaultHits = z.object({ rules: z.array(z.object({ name: z.string(), hits: z.number() })) })
const VenuePosition = z.object({ ref: z.string(), symbol: z.string(), positionAmt: z.string() })

const root = join(import.meta.dirname, '..', '..', '..', '..')

/** The venue as its own process, with a journal of its own. */
export async function startVenue(): Promise<TestVenue> {
  const folder = await mkdtemp(join(tmpdir(), 'matic-venue-'))
  const port = await freePort()
  const adminToken = randomBytes(16).toString('hex')
  const url = `http://127.0.0.1:${port}`
  const running = await startProcess({
    name: 'venue',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', join(root, 'apps/venue/src/main.ts')],
    cwd: root,
    env: {
      NODE_ENV: 'test',
      NODE_COMPILE_CACHE: compileCache,
      LOG_LEVEL: 'warn',
      VENUE_PORT: String(port),
      VENUE_ADMIN_TOKEN: adminToken,
      MATIC_DATA_DIR: folder,
    },
    readyWhen: { url: `${url}/health` },
  })
  const call = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, { ...init, headers: { 'x-venue-admin': adminToken, 'content-type': 'application/json' } })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  const bank = createPaperBank({ venueUrl: url, adminToken: createSecret(adminToken) })
  const byHand: TestVenue['byHand'] = async (ref, method, path, params = {}) => {
    const { apiKey, secret } = await bank.openAccount({ ref, depositUsdt: '10000' })
    const query = new URLSearchParams({ ...params, timestamp: String(Date.now()) }).toString()
    const signature = createHmac('sha256', secret).update(query).digest('hex')
    const response = await fetch(`${url}${path}?${query}&signature=${signature}`, { method, headers: { 'x-mbx-apikey': apiKey } })
    if (!response.ok) throw new Error(`${method} ${path} was refused: ${await response.text()}`)
    return response.json()
  }
  return {
    url,
    bank,
    ledger: async () => z.object({ orders: z.array(VenueOrder) }).parse(await call('/venue/ledger')).orders,
    positions: async () => z.object({ positions: z.array(VenuePosition) }).parse(await call('/venue/positions')).positions,
    async pin(marketId, mark) {
      await call('/venue/prices', { method: 'POST', body: JSON.stringify({ symbol: marketId, mark }) })
    },
    async faults(faults) {
      await call('/venue/faults', { method: 'PUT', body: JSON.stringify(faults) })
    },
    async hits(name) {
      const { rules } = FaultHits.parse(await call('/venue/faults'))
      return rules.find((rule) => rule.name === name)?.hits ?? 0
    },
    byHand,
    async hedge(ref) {
      await byHand(ref, 'POST', '/fapi/v1/positionSide/dual', { dualSidePosition: 'true' })
    },
    async [Symbol.asyncDispose]() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

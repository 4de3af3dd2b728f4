import { readFileSync } from 'node:fs'
import ccxt from 'ccxt'
import { z } from 'zod'

// The bare loop beside which a fan-out is measured: CCXT's own createOrder with its own transport, markets loaded once and shared, a client
// for each key, nothing written down. node direct-ccxt.ts <venue> <file of keys> <rounds>
const [venueUrl = '', keysPath = '', rounds = '1'] = process.argv.slice(2)
const keys = z.array(z.object({ apiKey: z.string(), secret: z.string() })).parse(JSON.parse(readFileSync(keysPath, 'utf8')))
const SYMBOL = 'BTC/USDT:USDT'
const QUANTITY_BASE = 0.004
/** Everything is signed at once: the last of thousands leave seconds later. */
const MOST_PATIENT_MS = 60_000

const fetchImplementation = (url: string, init: RequestInit) => {
  const target = new URL(url)
  return fetch(`${venueUrl}${target.pathname}${target.search}`, init)
}
const settings = { fetchImplementation, enableRateLimit: false, options: { fetchCurrencies: false, recvWindow: MOST_PATIENT_MS } }
const shared = new ccxt.binanceusdm(settings)
await shared.loadMarkets()
const clients = keys.map(({ apiKey, secret }) => {
  const client = new ccxt.binanceusdm({ ...settings, apiKey, secret })
  client.setMarketsFromExchange(shared)
  return client
})

const orderAll = (side: 'buy' | 'sell', round: number) =>
  Promise.all(
    clients.map((client, index) =>
      client.createOrder(SYMBOL, 'market', side, QUANTITY_BASE, undefined, { newClientOrderId: `direct-${side}-${round}-${index}` }),
    ),
  )

// The first round opens connections and warms the code; it is not counted.
for (let round = 0; round <= Number(rounds); round += 1) {
  const startedAtMs = Date.now()
  const cpuBefore = process.cpuUsage()
  await orderAll('buy', round)
  const cpu = process.cpuUsage(cpuBefore)
  console.log(JSON.stringify({ round, startedAtMs, answeredMs: Date.now() - startedAtMs, cpuMs: (cpu.user + cpu.system) / 1_000 }))
  await orderAll('sell', round)
}

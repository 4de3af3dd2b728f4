import { fileURLToPath } from 'node:url'
import { freePort, startProcess, type Running } from '@matic/local'
import type { Rig } from '../chaos/rig.ts'
import type { Trader } from '../chaos/traders.ts'
import { median, runLoad, type LoadResult } from './load.ts'

export interface DoorFigures {
  bareInsert: LoadResult
  ordinary: LoadResult
  ours: LoadResult
  /** Ours at half of its own saturation. */
  oursAtHalf: LoadResult
}

const CONNECTIONS = 32

/** Durable acknowledgements: our door beside the floor and beside the ordinary way, in turns on the same machine. */
export async function benchDoor({
  rig,
  traders,
  rounds,
  roundMs,
  say,
}: {
  rig: Rig
  traders: readonly Trader[]
  rounds: number
  roundMs: number
  say: (line: string) => void
}): Promise<DoorFigures> {
  const bare = await startBaseline('bare-insert', rig)
  const ordinary = await startBaseline('ordinary', rig)
  const ours = `http://127.0.0.1:${rig.apiPorts[0] ?? 0}`
  let mark = 0
  const load = (url: string, durationMs: number, ratePerSecond?: number) =>
    runLoad({
      url,
      connections: CONNECTIONS,
      durationMs,
      request: () => request(traders, mark++),
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    })
  try {
    for (const url of [bare.url, ordinary.url, ours]) await load(url, 1_000)
    const results: Record<'bare' | 'ordinary' | 'ours', LoadResult[]> = { bare: [], ordinary: [], ours: [] }
    for (let round = 0; round < rounds; round += 1) {
      results.bare.push(await load(bare.url, roundMs))
      results.ordinary.push(await load(ordinary.url, roundMs))
      results.ours.push(await load(ours, roundMs))
      say(`bench: door, round ${round + 1} of ${rounds}`)
    }
    const saturation = middle(results.ours)
    return {
      bareInsert: middle(results.bare),
      ordinary: middle(results.ordinary),
      ours: saturation,
      oursAtHalf: await load(ours, roundMs, saturation.requestsPerSecond / 2),
    }
  } finally {
    await bare.running.stop()
    await ordinary.running.stop()
  }
}

/** About 200 bytes, as strategies send them; each body differs. */
export function request(traders: readonly Trader[], index: number, fields: Record<string, string> = {}): { path: string; body: string } {
  const trader = traders[index % traders.length]
  if (trader === undefined) throw new Error('No traders')
  const body = {
    symbol: 'BTCUSDT.P',
    action: 'buy',
    side: 'long',
    quantity: '0.01',
    price: '67432.5',
    interval: '15',
    comment: `b${index}`,
    timenow: new Date().toISOString(),
    ...fields,
  }
  return { path: trader.webhookPath, body: JSON.stringify(body) }
}

export async function startBaseline(
  name: 'bare-insert' | 'ordinary',
  rig: Rig,
  env: NodeJS.ProcessEnv = {},
): Promise<{ url: string; running: Running }> {
  const port = await freePort()
  const running = await startProcess({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(`baseline/${name}.ts`, import.meta.url))],
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      DATABASE_URL: rig.databaseUrl,
      REDIS_URL: process.env['REDIS_URL'],
      PORT: String(port),
      ...env,
    },
    readyWhen: { line: /baseline ready/ },
  })
  return { url: `http://127.0.0.1:${port}`, running }
}

function middle(results: readonly LoadResult[]): LoadResult {
  return {
    requestsPerSecond: median(results.map((result) => result.requestsPerSecond)),
    p50Ms: median(results.map((result) => result.p50Ms)),
    p99Ms: median(results.map((result) => result.p99Ms)),
    failures: results.reduce((sum, result) => sum + result.failures, 0),
  }
}

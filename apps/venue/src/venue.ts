import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createAdmin } from './admin.ts'
import { createCandleStore } from './engine/candles.ts'
import { type Exchange, openExchange } from './exchange.ts'
import { createFaultDesk } from './faults.ts'
import { startServer } from './server.ts'
import { createBinance } from './wire/binance/dialect.ts'
import { createListenKeys } from './wire/binance/listen-keys.ts'
import { createUserStreams } from './wire/binance/user-streams.ts'

export interface VenueOptions {
  /** 0 = any free one. */
  readonly port: number
  /** The journal lies in `<dataDir>/venue`. */
  readonly dataDir: string
  readonly seed: number
  readonly adminToken: string
  readonly host?: string
  /** Epoch ms. */
  readonly clock?: () => number
  readonly say?: (line: string) => void
  /** The journal cannot be written any more: end the process, acknowledge nothing. */
  readonly onFailure?: (error: unknown) => void
}

export interface Venue {
  readonly url: string
  readonly exchange: Exchange
  close(): Promise<void>
}

/** A whole exchange behind one port. */
export async function createVenue(options: VenueOptions): Promise<Venue> {
  const say = options.say ?? (() => undefined)
  const onBug = (error: unknown): void => say(`venue: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  const exchange = await openExchange({
    dir: join(options.dataDir, 'venue'),
    seed: options.seed,
    clock: options.clock ?? Date.now,
    onFailure: options.onFailure ?? onBug,
    say,
  })
  const faults = createFaultDesk()
  const newKey = () => randomBytes(32).toString('hex')
  const listenKeys = createListenKeys({ state: exchange.state, newKey })
  const streams = createUserStreams({ exchange, listenKeys, faults, onBug })
  const server = await startServer({
    port: options.port,
    host: options.host ?? '127.0.0.1',
    state: exchange.state,
    binance: createBinance({ exchange, candles: createCandleStore(exchange.state), listenKeys, onBug }),
    admin: createAdmin({ exchange, faults, adminToken: options.adminToken, random: (bytes) => randomBytes(bytes).toString('hex') }),
    faults,
    streams,
    settled: exchange.settled,
    onBug,
  }).catch(async (error: unknown) => {
    streams.close()
    await exchange.close()
    throw error
  })
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${server.port}`,
    exchange,
    async close() {
      streams.close()
      await server.close()
      await exchange.close()
    },
  }
}

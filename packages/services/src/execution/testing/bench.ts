import { createDb } from '@matic/db'
import type { ExchangePort } from '@matic/exchange/port'
import { createClock, createRandom, createTimings, uuidv7 } from '@matic/platform'
import type { Logger } from '@matic/platform'
import { createSecret } from '@matic/platform'
import { createDatabase } from '@matic/testkit'
import { clientOrderId } from '../../dispatch/client-order-id.ts'
import { createMarketBook } from '../../markets/market-book.ts'
import { refreshMarkets } from '../../markets/refresh-markets.ts'
import type { AccountKeys, ExecutionContext } from '../context.ts'
import { noCrashPoints } from '../crash-points.ts'
import { createExchangeClocks } from '../exchange-clocks.ts'
import { createLaneRunner } from '../lane-runner.ts'
import type { LaneRunner } from '../lane-runner.ts'
import { measureClocks } from '../measure-clocks.ts'
import { createOpensCircuit } from '../opens-circuit.ts'
import { registerWorker } from '../register-worker.ts'
import type { WorkerRegistration } from '../register-worker.ts'
import { createSabotages } from '../sabotage.ts'

export interface TestWorker extends AsyncDisposable {
  readonly ctx: ExecutionContext
  readonly runner: LaneRunner
  readonly worker: WorkerRegistration
  /** Rounds of claiming until nothing is left to do right now. */
  settle(): Promise<void>
}

export interface Bench extends AsyncDisposable {
  readonly databaseUrl: string
  worker(options?: Partial<Pick<ExecutionContext, 'sabotage' | 'crashPoints'>>): Promise<TestWorker>
}

const quiet: Logger = { error: (fields, message) => console.error(message, fields), warn: () => undefined, info: () => undefined, debug: () => undefined, child: () => quiet }

/** A private database and as many workers around one exchange as a test wants. */
export async function createBench({ port, keys, scale = 0.2 }: { port: ExchangePort; keys: AccountKeys; scale?: number }): Promise<Bench> {
  const database = await createDatabase()
  const key = new Uint8Array(32).fill(7)
  return {
    databaseUrl: database.url,
    async worker(options = {}) {
      const clock = createClock()
      const random = createRandom()
      const newId = () => uuidv7({ clock, random })
      const db = createDb({ databaseUrl: database.url, applicationName: 'test worker', poolSize: 8 })
      const worker = registerWorker({ databaseUrl: createSecret(database.url), newId, pid: process.pid, logger: quiet })
      const ctx: ExecutionContext = {
        db, clock, random, newId, worker, keys,
        log: quiet,
        timings: createTimings(scale),
        doorbell: { ring: () => undefined },
        bus: { publish: () => undefined },
        exchanges: new Map([['PAPER', port]]),
        clocks: createExchangeClocks(),
        markets: createMarketBook({ db, clock }),
        circuit: createOpensCircuit(),
        clientOrderId: (orderId) => clientOrderId(key, orderId),
        sabotage: createSabotages(undefined),
        crashPoints: noCrashPoints,
        ...options,
      }
      await worker.ready
      await refreshMarkets({ ctx, exchange: 'PAPER', port })
      await measureClocks(ctx)
      const runner = createLaneRunner(ctx)
      return {
        ctx, runner, worker,
        async settle() {
          while ((await runner.execute()) > 0) await runner.settled()
        },
        async [Symbol.asyncDispose]() {
          await runner.drain()
          await worker.close()
          await db.close()
        },
      }
    },
    [Symbol.asyncDispose]: () => database.drop(),
  }
}

import { createDb } from '@matic/db'
import type { Db } from '@matic/db'
import type { ExchangePort } from '@matic/exchange/port'
import { createClock, createIds, createRandom, createTimings } from '@matic/platform'
import type { Clock, Logger, Sabotage, Timings } from '@matic/platform'
import { createSecret } from '@matic/platform'
import { createDatabase } from '../database.ts'
import { clientOrderId } from '@matic/services/dispatch/client-order-id'
import { createMarketBook } from '@matic/services/markets/market-book'
import { refreshMarkets } from '@matic/services/markets/refresh-markets'
import type { AccountKeys, ExecutionContext } from '@matic/services/execution/context'
import { noCrashPoints } from '@matic/services/execution/crash-points'
import type { CrashPoints } from '@matic/services/execution/crash-points'
import { createExchangeClocks } from '@matic/services/execution/exchange-clocks'
import { createLaneRunner } from '@matic/services/execution/lane-runner'
import type { LaneRunner } from '@matic/services/execution/lane-runner'
import { measureClocks } from '@matic/services/execution/measure-clocks'
import { createOpensCircuit } from '@matic/services/execution/opens-circuit'
import { registerWorker } from '@matic/services/execution/register-worker'
import type { WorkerRegistration } from '@matic/services/execution/register-worker'
import { createSabotages } from '@matic/services/execution/sabotage'

export interface TestWorker extends AsyncDisposable {
  readonly ctx: ExecutionContext
  readonly runner: LaneRunner
  readonly worker: WorkerRegistration
  /** Rounds of claiming until nothing is left to do right now. */
  settle(): Promise<void>
}

export interface WorkerOptions {
  readonly databaseUrl: string
  /** Built per worker, as each process has its own. */
  readonly port: (clock: Clock, timings: Timings) => ExchangePort
  readonly keys: (db: Db, clock: Clock) => AccountKeys
  readonly scale: number
  readonly sabotage?: Sabotage
  readonly crashPoints?: CrashPoints
}

const quiet: Logger = {
  error: (fields, message) => console.error(message, fields),
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => quiet,
}
const clientOrderIdKey = new Uint8Array(32).fill(7)

/** A worker as the process has it, without its loops. */
export async function startWorker(options: WorkerOptions): Promise<TestWorker> {
  const clock = createClock()
  const random = createRandom()
  const timings = createTimings(options.scale)
  const newId = createIds({ clock, random })
  const db = createDb({ databaseUrl: options.databaseUrl, applicationName: 'test worker', poolSize: 8, onError: () => undefined })
  const worker = registerWorker({ databaseUrl: createSecret(options.databaseUrl), newId, pid: process.pid, logger: quiet })
  const port = options.port(clock, timings)
  const ctx: ExecutionContext = {
    db,
    clock,
    random,
    newId,
    worker,
    timings,
    log: quiet,
    keys: options.keys(db, clock),
    doorbell: { ring: () => undefined },
    bus: { publish: () => undefined },
    exchanges: new Map([['PAPER', port]]),
    clocks: createExchangeClocks(),
    markets: createMarketBook({ db, clock }),
    circuit: createOpensCircuit(),
    clientOrderId: (orderId) => clientOrderId(clientOrderIdKey, orderId),
    sabotage: createSabotages(options.sabotage),
    crashPoints: options.crashPoints ?? noCrashPoints,
  }
  await worker.ready
  await refreshMarkets({ ctx, exchange: 'PAPER', port })
  await measureClocks(ctx)
  const runner = createLaneRunner(ctx)
  return {
    ctx,
    runner,
    worker,
    async settle() {
      while ((await runner.execute()) > 0) await runner.settled()
    },
    async [Symbol.asyncDispose]() {
      await runner.drain()
      await worker.close()
      await port.close()
      await db.close()
    },
  }
}

export interface Bench extends AsyncDisposable {
  readonly databaseUrl: string
  worker(): Promise<TestWorker>
}

/** A private database and as many workers around one exchange as a test wants. */
export async function createBench(options: Pick<WorkerOptions, 'port' | 'keys'> & { scale?: number }): Promise<Bench> {
  const database = await createDatabase()
  return {
    databaseUrl: database.url,
    worker: () => startWorker({ ...options, scale: options.scale ?? 0.2, databaseUrl: database.url }),
    [Symbol.asyncDispose]: () => database.drop(),
  }
}

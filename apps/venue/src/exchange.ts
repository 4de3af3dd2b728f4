import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Command, Outcome } from './engine/commands.ts'
import { apply } from './engine/engine.ts'
import type { News } from './engine/news.ts'
import { dumpState, loadState } from './engine/snapshot.ts'
import { createState, type VenueState } from './engine/state.ts'
import { TICK_MS } from './engine/ticks.ts'
import { type Journal, openJournal, readJournal } from './journal.ts'

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never
export type Request = WithoutTime<Exclude<Command, { type: 'advance' }>>

/** The engine with its memory: every command that changes something is on disk before anybody hears of it. */
export interface Exchange {
  readonly state: VenueState
  /** Exchange clock, epoch ms; never goes back. */
  now(): number
  /** Throws `Refusal`. The outcome must not be told before `settled`. */
  execute(request: Request): Outcome
  /** When everything executed so far is durable. */
  settled(): Promise<void>
  /** Called with what has just happened to the accounts in `state.heard`; it must not be told before `settled` either. */
  onNews(listener: (news: readonly News[]) => void): void
  close(): Promise<void>
}

export interface ExchangeOptions {
  readonly dir: string
  readonly seed: number
  readonly clock: () => number
  /** The journal can no longer be written: nothing may be acknowledged from here on. */
  readonly onFailure: (error: unknown) => void
  /** One line about something the operator should know. */
  readonly say: (line: string) => void
  /** Off: tests step time themselves. */
  readonly ticking?: boolean
}

const Snapshot = z.object({ format: z.literal(1), offset: z.number().int(), state: z.string() })
const Genesis = z.object({ type: z.literal('genesis'), seed: z.number() })

/** So many commands replayed make a snapshot worth its time. */
const REPLAY_WORTH_A_SNAPSHOT = 5_000

export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  const { dir, clock, onFailure, say } = options
  mkdirSync(dir, { recursive: true })
  const path = join(dir, 'journal.ndjson')
  const { state, replayed, fresh } = restore(dir, path, options.seed)
  if (state.seed !== options.seed) say(`venue: this data folder began with seed ${state.seed}; keeping it`)
  state.clock = state.lastCommandAt

  const journal = await openJournal({ path, onFailure })
  if (fresh) {
    journal.append({ type: 'genesis', seed: state.seed })
    await journal.settled()
  }
  if (replayed >= REPLAY_WORTH_A_SNAPSHOT) await writeSnapshot(dir, state, journal)

  let latest = state.lastCommandAt
  const now = (): number => {
    latest = Math.max(latest, clock())
    return latest
  }
  if (state.clock === 0) state.clock = now()

  let tell: (news: readonly News[]) => void = () => undefined
  const run = (command: Command): Outcome => {
    const outcome = apply(state, command)
    if (outcome.changed) journal.append(command)
    if (state.news.length > 0) tell(state.news.splice(0))
    return outcome
  }
  const tick = (): void => {
    const at = now()
    if (at - state.clock >= TICK_MS) run({ type: 'advance', from: state.clock, at })
  }
  const timer = options.ticking === false ? undefined : setInterval(tick, TICK_MS)
  let executedAtStart = replayed

  return {
    state,
    now,
    execute(request) {
      executedAtStart += 1
      const at = now()
      // Else the next look would come upon a price from before the pin after what the pin has caused.
      if (request.type === 'pin-price' && at > state.clock) run({ type: 'advance', from: state.clock, at })
      return run({ ...request, at })
    },
    settled: () => journal.settled(),
    onNews(listener) {
      tell = listener
    },
    async close() {
      clearInterval(timer)
      await journal.settled()
      if (executedAtStart > 0) await writeSnapshot(dir, state, journal)
      await journal.close()
    },
  }
}

function restore(dir: string, path: string, seed: number): { state: VenueState; replayed: number; fresh: boolean } {
  const snapshot = readSnapshot(dir)
  let state = snapshot === undefined ? undefined : loadState(snapshot.state)
  let replayed = 0
  for (const record of readJournal(path, snapshot?.offset ?? 0)) {
    if (state === undefined) {
      state = createState(Genesis.parse(record).seed)
      continue
    }
    // Our own lines, written by `run` above.
    apply(state, record as Command)
    replayed += 1
  }
  return { state: state ?? createState(seed), replayed, fresh: state === undefined }
}

function readSnapshot(dir: string): z.infer<typeof Snapshot> | undefined {
  const path = join(dir, 'snapshot.json')
  if (!existsSync(path)) return undefined
  try {
    return Snapshot.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    // The journal alone tells everything; it only takes longer.
    return undefined
  }
}

async function writeSnapshot(dir: string, state: VenueState, journal: Journal): Promise<void> {
  const path = join(dir, 'snapshot.json')
  const image: z.infer<typeof Snapshot> = { format: 1, offset: journal.size, state: dumpState(state) }
  await rm(`${path}.new`, { force: true })
  const file = await open(`${path}.new`, 'w')
  try {
    await file.writeFile(JSON.stringify(image))
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

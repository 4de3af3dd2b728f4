import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { decideAll, type DecideContext } from './decide-all.ts'
import { followChains } from './follow-chains.ts'
import { claimSignals, EVERY_ROUTE, loadRoutes, type SignalsWanted, type Slice } from './load-batch.ts'
import { countTry, faultOf } from './set-aside.ts'
import { saveChains } from './save-chains.ts'
import { saveDecisions } from './save-decisions.ts'

export interface DispatchContext extends ServiceContext, DecideContext {
  readonly clientOrderId: (orderId: string) => string
}

const BATCH = 200
const TRIES_MAX = 5
/** Routes of a signal that are decided first, so that their orders leave while the others are being decided, and of every later slice. */
const FIRST_ROUTES = 25
const ROUTES_GROWTH = 10
const ROUTES_MAX = 500

export interface DispatchInput {
  readonly limit?: number
  /** Told after each commit how many decisions it brought. The first slice of many is not followed by the next before this resolves. */
  readonly onDecided?: (decisions: number) => void | Promise<void>
}

type OnDecided = NonNullable<DispatchInput['onDecided']>

/**
 * Turns received signals into decisions and orders, one decision for each (signal, route), a batch a transaction; one that reaches many
 * accounts in several, of which each begins where the last one ended, after a crash too. A signal that cannot be decided is set aside after
 * some tries and never holds up the others.
 * @returns how many signals were dealt with
 */
export async function dispatchSignals({ ctx, input = {} }: { ctx: DispatchContext; input?: DispatchInput }): Promise<number> {
  const { limit = BATCH, onDecided = () => undefined } = input
  try {
    return await dispatchBatch(ctx, { limit }, onDecided)
  } catch (err) {
    ctx.log.warn({ err }, 'a batch of signals failed; taking them one by one')
    return dispatchOneByOne(ctx, limit, onDecided)
  }
}

/** Slice after slice of the routes; the signals are dealt with when the last one is decided. */
async function dispatchBatch(ctx: DispatchContext, claim: SignalsWanted, onDecided: OnDecided): Promise<number> {
  let wanted = claim
  let slice: Slice | undefined
  for (;;) {
    const done = await dispatchSlice(ctx, wanted, slice)
    const told = done.decisions > 0 ? onDecided(done.decisions) : undefined
    if (done.next === undefined) return done.signalIds.length
    if (slice === undefined) await told
    wanted = { limit: done.signalIds.length, only: done.signalIds }
    slice = done.next
  }
}

interface SliceDone {
  readonly signalIds: readonly string[]
  readonly decisions: number
  readonly next: Slice | undefined
}

async function dispatchSlice(ctx: DispatchContext, wanted: SignalsWanted, from: Slice | undefined): Promise<SliceDone> {
  const { done, factIds } = await ctx.db.transaction(async (tx): Promise<{ done: SliceDone; factIds: string[] }> => {
    const rows = await claimSignals(tx, wanted)
    if (rows.length === 0) return { done: { signalIds: [], decisions: 0, next: undefined }, factIds: [] }
    const followed = await followChains(tx, ctx, { rows, locked: true })
    // A chain moves on once a signal, with all its decisions.
    const first = followed.chains.length > 0 ? EVERY_ROUTE : { after: null, routesMax: FIRST_ROUTES * rows.length }
    const slice = from ?? first
    const { routes, next: turn } = await loadRoutes(tx, followed.signals, slice)
    const decided = await decideAll(tx, ctx, followed.signals, routes)
    const news = await saveChains(tx, ctx, followed)
    const facts = await saveDecisions(tx, ctx, decided)
    const signalIds = followed.signals.map((row) => row.id)
    const isOver =
      turn === null &&
      tx.query(`UPDATE signal SET state = 'DISPATCHED', dispatched_at = clock_timestamp() WHERE id = ANY($1::uuid[])`, [signalIds])
    const next = turn
      ? { after: turn, routesMax: Math.max(slice.routesMax, Math.min(slice.routesMax * ROUTES_GROWTH, ROUTES_MAX)) }
      : undefined
    const done = { signalIds: rows.map((row) => row.id), decisions: decided.length, next }
    const [factIds] = await Promise.all([recordFacts(tx, [...facts, ...news]), isOver])
    return { done, factIds }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  return done
}

async function dispatchOneByOne(ctx: DispatchContext, limit: number, onDecided: OnDecided): Promise<number> {
  const waiting = await ctx.db.query<{ id: string }>(`SELECT id FROM signal WHERE state = 'RECEIVED' ORDER BY received_at, id LIMIT $1`, [
    limit,
  ])
  let count = 0
  for (const { id } of waiting) {
    try {
      count += await dispatchBatch(ctx, { limit: 1, only: [id] }, onDecided)
    } catch (err) {
      const fault = faultOf(err)
      if (fault === 'connection') throw err
      ctx.log.error({ err, signalId: id }, 'a signal could not be decided')
      if (fault === 'signal')
        await countTry({ ctx, input: { signalId: id, triesMax: TRIES_MAX, text: err instanceof Error ? err.message : 'unknown' } })
    }
  }
  return count
}

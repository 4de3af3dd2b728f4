import type { ExecutionContext } from './context.ts'
import { LIVE_WORKERS } from './worker-lock.ts'

/** What one address may ask is divided among the workers that live. Run it before anything is asked, and every `sweepMs`. */
export function createAddressShares(ctx: ExecutionContext): () => Promise<void> {
  const budgets = [...ctx.exchanges.values()].flatMap(({ budget }) => budget ?? [])
  const rememberMs = Math.max(0, ...budgets.map(({ windowMs }) => windowMs)) + 2 * ctx.timings.sweepMs
  /** One that is gone has asked until a moment ago. */
  let seen: { atMs: number; workers: number }[] = []

  return async () => {
    if (budgets.length === 0) return
    const isNew = seen.length === 0
    const [row] = await ctx.db.query<{ workers: number }>(`SELECT count(*)::int AS workers FROM (${LIVE_WORKERS}) AS live`)
    const nowMs = ctx.clock.monotonic()
    seen = [...seen.filter(({ atMs }) => atMs > nowMs - rememberMs), { atMs: nowMs, workers: row?.workers ?? 1 }]
    const workers = Math.max(...seen.map((one) => one.workers))
    for (const budget of budgets) {
      budget.sharedBy(workers)
      // The others learn of this one a moment later, and have asked with more until then.
      if (isNew && workers > 1) budget.holdOpens(rememberMs)
    }
  }
}

import type { EquityPoint, PageMeta } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { equityCurve, Exact, mergeEquity } from '@matic/domain'
import { chosenAccounts } from './chosen-accounts.ts'
import { loadEquity } from './load-equity.ts'

interface HistoryInput {
  readonly userId: string
  readonly accountId: string | undefined
  readonly step: 'minute' | 'hour' | 'day'
  readonly from: string | undefined
  readonly to: string | undefined
  readonly page: number
  readonly limit: number
}

/** Equity of the chosen accounts together, newest first; drawdown counts from the beginning of the time asked for. @throws AppError NO_ACCOUNT */
export async function getHistory({
  ctx,
  input,
}: {
  ctx: { readonly db: Queryable; readonly clock: { now(): number } }
  input: HistoryInput
}): Promise<{ points: EquityPoint[]; meta: PageMeta }> {
  const { db } = ctx
  const { page, limit } = input
  const accounts = await chosenAccounts(db, input)
  const from = input.step === 'minute' ? (input.from ?? lastWeek(ctx.clock.now(), input.to)) : input.from
  const samples = [...(await loadEquity(db, { ...input, from, accountIds: accounts.map((account) => account.id) })).values()]
  const wallets = mergeEquity(samples.map((own) => own.map((sample) => ({ ...sample, equity: new Exact(sample.walletBalance) }))))
  const points = equityCurve(mergeEquity(samples)).map((point, index) => ({
    at: new Date(point.atMs).toISOString(),
    equity: point.equity.toFixed(),
    walletBalance: wallets[index]?.equity.toFixed() ?? point.equity.toFixed(),
    netDeposits: point.netDeposits.toFixed(),
    pnl: point.pnl.toFixed(),
    drawdown: point.drawdown.toFixed(),
    drawdownPercent: point.drawdownPercent?.toDecimalPlaces(6).toFixed() ?? null,
  }))
  const newestFirst = points.toReversed()
  return { points: newestFirst.slice((page - 1) * limit, page * limit), meta: { page, limit, total: points.length } }
}

/** Nobody looks at more minutes than these. */
function lastWeek(nowMs: number, to: string | undefined): string {
  return new Date((to === undefined ? nowMs : Date.parse(to)) - 7 * 86_400_000).toISOString()
}

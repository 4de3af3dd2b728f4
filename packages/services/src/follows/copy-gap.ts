import type { CopyGapView, GapAmounts, GapMonth, GapTrade, PageMeta } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { apportion, copyGap, Exact, type Gap } from '@matic/domain'
import { sum } from '@matic/domain/metrics/exact'
import { Decimal } from 'decimal.js'
import { indexRows, pairTrades, weigh, type GapIndex, type Pair, type StepOfLeader } from './copy-gap-pairs.ts'
import { loadGapRows } from './copy-gap-rows.ts'

interface Asked {
  readonly userId: string
  readonly followId: string
  /** UTC, 2026-11; all of them where it is left out. */
  readonly month?: string | undefined
  readonly page: number
  readonly limit: number
}

/** Why a follow came to something else than its leader, to the last digit (docs/copy-gap.md). @throws AppError NOT_FOUND */
export async function getCopyGap({ db, input }: { db: Queryable; input: Asked }): Promise<{ gap: CopyGapView; meta: PageMeta }> {
  const { month, page, limit } = input
  const index = indexRows(await loadGapRows(db, input))
  const pairs = pairTrades(index)
  const over = pairs
    .filter((pair) => isOver(pair))
    .map((pair) => ({ pair, closedAt: closedAt(pair) }))
    .filter(({ closedAt: at }) => month === undefined || monthOf(at) === month)
    .toSorted((a, b) => b.closedAt.getTime() - a.closedAt.getTime())
  const trades = over.map(({ pair, closedAt: at }) => ({ pair, ...gapTrade(index, pair, at) }))
  const months = [...Map.groupBy(trades, ({ view }) => view.month)].map(([name, own]): GapMonth => ({
    month: name,
    trades: own.length,
    notCopied: own.filter(({ pair }) => pair.copies.length === 0).length,
    ...amountsOf(own.map(({ gap }) => gap)),
  }))
  const shown = trades.slice((page - 1) * limit, page * limit).map(({ view }) => view)
  return {
    gap: { months, trades: shown, open: pairs.filter((pair) => !isOver(pair)).map(openView) },
    meta: { page, limit, total: trades.length },
  }
}

function isOver({ leader, copies }: Pair): boolean {
  return leader?.closedAt !== null && copies.every((copy) => copy.closedAt !== null)
}

/** When the later of both was. */
function closedAt({ leader, copies }: Pair): Date {
  return new Date(Math.max(...[leader, ...copies].map((trade) => trade?.closedAt?.getTime() ?? 0)))
}

function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7)
}

function gapTrade(index: GapIndex, pair: Pair, at: Date): { gap: Gap; view: GapTrade } {
  const { input, ratio, steps } = weigh(index, pair)
  const gap = copyGap(input)
  const [first] = [pair.leader, ...pair.copies].filter((trade) => trade !== null)
  const leaderBase = sum(input.leader.steps.filter(({ change }) => change === 'in').map(({ quantityBase }) => quantityBase))
  const copiedBase = sum(input.copy.steps.filter(({ change }) => change === 'in').map(({ quantityBase }) => quantityBase))
  const view: GapTrade = {
    id: first?.id ?? '',
    symbol: first?.symbol ?? '',
    side: input.side,
    openedAt: first?.openedAt.toISOString() ?? '',
    closedAt: at.toISOString(),
    month: monthOf(at),
    ratio: ratio === null ? null : written(new Exact(ratio.numerator).div(ratio.denominator)),
    leaderBase: written(leaderBase),
    meantBase: written(leaderBase.mul(input.ratio.numerator).div(input.ratio.denominator)),
    copiedBase: written(copiedBase),
    ...amountsOf([gap]),
    skipped: gap.skippedBy.map(({ stepId, quote }) => ({ ...reasonOf(index, steps, stepId), quote: written(quote) })),
    own: gap.ownBy.map(({ cause, atMs, quantityBase, quote }) => ({
      cause,
      at: new Date(atMs).toISOString(),
      quantityBase: written(quantityBase),
      quote: written(quote),
    })),
  }
  return { gap, view }
}

/** Why a step of the leader's was not copied: the decision's reason, else what became of the order. */
function reasonOf({ decisions }: GapIndex, steps: readonly StepOfLeader[], stepId: string): Omit<GapTrade['skipped'][number], 'quote'> {
  const what = steps.some(({ id, change }) => id === stepId && change === 'in') ? 'opening' : 'close'
  const decision = decisions.get(stepId)
  if (decision === undefined)
    return { signalId: steps.find(({ id }) => id === stepId)?.pieces[0]?.fill.signalId ?? null, what, reason: null, numbers: {} }
  const order = decision.orders.find(({ leg, filled }) => (leg === 'open') === (what === 'opening') && new Decimal(filled).isZero())
  if (decision.outcome === 'ORDERS' && order !== undefined)
    return { signalId: stepId, what, reason: order.reason, numbers: { ...order.numbers, state: order.state } }
  return { signalId: stepId, what, reason: decision.reason, numbers: decision.numbers }
}

function amountsOf(gaps: readonly Gap[]): { exact: GapAmounts; cents: GapAmounts } {
  const add = (pick: (gap: Gap) => Decimal) => sum(gaps.map(pick))
  const [leader, follower] = [add((gap) => gap.leaderQuote), add((gap) => gap.followerQuote)]
  const parts = {
    slippageEntry: add((gap) => gap.slippageEntry),
    slippageExit: add((gap) => gap.slippageExit),
    fees: add((gap) => gap.parts.fees),
    funding: add((gap) => gap.parts.funding),
    skipped: add((gap) => gap.parts.skipped),
    sizing: add((gap) => gap.parts.sizing),
    own: add((gap) => gap.parts.own),
  }
  return { exact: amounts(leader, follower, parts, 18), cents: amounts(leader, follower, parts, 2) }
}

function amounts(leader: Decimal, follower: Decimal, parts: Readonly<Record<Part, Decimal>>, decimals: number): GapAmounts {
  const theirs = leader.toDecimalPlaces(decimals, Decimal.ROUND_HALF_EVEN)
  const own = follower.toDecimalPlaces(decimals, Decimal.ROUND_HALF_EVEN)
  const gap = theirs.sub(own)
  const rounded = apportion(parts, gap, decimals)
  const text = (amount: Decimal) => (decimals === 2 ? amount.toFixed(2) : amount.toFixed())
  return {
    leader: text(theirs),
    follower: text(own),
    gap: text(gap),
    slippage: text(rounded.slippageEntry.add(rounded.slippageExit)),
    slippageEntry: text(rounded.slippageEntry),
    slippageExit: text(rounded.slippageExit),
    fees: text(rounded.fees),
    funding: text(rounded.funding),
    skipped: text(rounded.skipped),
    sizing: text(rounded.sizing),
    own: text(rounded.own),
  }
}

type Part = 'slippageEntry' | 'slippageExit' | 'fees' | 'funding' | 'skipped' | 'sizing' | 'own'

function openView({ leader, copies }: Pair): CopyGapView['open'][number] {
  const [first] = [leader, ...copies].filter((trade) => trade !== null)
  const [theirs, own] = [leader?.closedAt === null, copies.some((copy) => copy.closedAt === null)]
  return {
    id: first?.id ?? '',
    symbol: first?.symbol ?? '',
    side: copies[0]?.side ?? first?.side ?? 'LONG',
    openedAt: first?.openedAt.toISOString() ?? '',
    open: theirs && own ? 'both' : theirs ? 'leader' : 'follower',
  }
}

function written(amount: Decimal): string {
  return amount.toDecimalPlaces(18, Decimal.ROUND_HALF_EVEN).toFixed()
}

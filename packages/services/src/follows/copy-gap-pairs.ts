import { FollowSettings } from '@matic/contracts'
import {
  Exact,
  idealRatio,
  joinLater,
  piecesOf,
  stepsOf,
  type CopiedStep,
  type GapInput,
  type LeaderStep,
  type OwnCause,
  type Ratio,
} from '@matic/domain'
import type { TradePiece } from '@matic/domain'
import type { GapDecisionRow, GapFillRow, GapRows, GapTradeRow } from './copy-gap-rows.ts'

export type StepOfLeader = ReturnType<typeof stepsOf<GapFillRow>>[number]

/** A leader's trade with the copies of it, or copies that have no such trade. */
export interface Pair {
  readonly leader: GapTradeRow | null
  readonly copies: readonly GapTradeRow[]
}

export interface Weighed {
  readonly input: GapInput
  readonly ratio: Ratio | null
  readonly steps: readonly StepOfLeader[]
}

/** What is asked of the rows again and again, looked up once. */
export interface GapIndex {
  readonly rows: GapRows
  readonly pieces: ReadonlyMap<string, readonly TradePiece<GapFillRow>[]>
  readonly decisions: ReadonlyMap<string, GapDecisionRow>
}

const NO_RATIO: Ratio = { numerator: new Exact(0), denominator: new Exact(1) }

export function indexRows(rows: GapRows): GapIndex {
  const fills = Map.groupBy(rows.fills, ({ of }) => of)
  return {
    rows,
    pieces: new Map(rows.trades.map((trade) => [trade.id, wholePieces(trade, fills.get(trade.id) ?? [])])),
    decisions: new Map(rows.decisions.map((decision) => [decision.signalId, decision])),
  }
}

/** Each copy stands with the trade of its leader whose opening it copied, or that was open when it began. */
export function pairTrades({ rows, pieces }: GapIndex): Pair[] {
  const leaders = rows.trades.filter(({ isLeaders }) => isLeaders)
  const opened = new Map<string, GapTradeRow>()
  for (const trade of leaders)
    for (const { change, fill } of pieces.get(trade.id) ?? [])
      if (change === 'in' && fill.signalId) opened.set(`${trade.symbol} ${fill.signalId}`, trade)
  const copies = Map.groupBy(
    rows.trades.filter(({ isLeaders }) => !isLeaders),
    (copy) => {
      const isSide = (leader: GapTradeRow) => (leader.side === copy.side) === (rows.follow.settings.direction === 'normal')
      const signals = (pieces.get(copy.id) ?? []).filter(({ change }) => change === 'in').map(({ fill }) => fill.signalId)
      const copied = signals.map((id) => opened.get(`${copy.symbol} ${id}`)).find((leader) => leader !== undefined)
      const meanwhile = leaders.find(
        (leader) =>
          leader.symbol === copy.symbol &&
          isSide(leader) &&
          leader.openedAt <= copy.openedAt &&
          (leader.closedAt === null || leader.closedAt > copy.openedAt),
      )
      return copied ?? meanwhile ?? null
    },
  )
  const paired = leaders
    .filter((leader) => copies.has(leader) || isCopied(leader))
    .map((leader) => ({ leader, copies: copies.get(leader) ?? [] }))
  return [...paired, ...(copies.get(null) ?? []).map((copy) => ({ leader: null, copies: [copy] }))]

  /** Begun while the follow lasted. */
  function isCopied({ id, openedAt }: GapTradeRow): boolean {
    const { joinedAt, stoppedAt } = rows.follow
    const committed = pieces.get(id)?.[0]?.fill.committedAtMs ?? openedAt.getTime()
    return committed > joinedAt.getTime() && (stoppedAt === null || committed <= stoppedAt.getTime())
  }
}

/** Both are over. */
export function weigh(index: GapIndex, { leader, copies }: Pair): Weighed {
  const { rows, decisions } = index
  const { settings, joinedEquity } = rows.follow
  const side = copies[0]?.side ?? copySide(leader, settings)
  const fees = copies.reduce((total, copy) => total.add(copy.fees), new Exact(0))
  const funding = copies.reduce((total, copy) => total.add(copy.funding), new Exact(0))
  const pieces = copies.flatMap((copy) => index.pieces.get(copy.id) ?? [])
  const whole = leader === null ? [] : stepsOf(index.pieces.get(leader.id) ?? [], leaderName)
  const joining = pieces.find(({ change, fill }) => change === 'in' && isJoin(fill))
  const openers = new Set(whole.filter(({ change }) => change === 'in').map(({ id }) => id))
  const joins = joining !== undefined && !pieces.some(({ change, fill }) => change === 'in' && openers.has(leaderName({ fill })))
  const late = joins ? joinLater(whole, joining.atMs, leaderName(joining)) : null
  const steps =
    late?.map((step): StepOfLeader => ({
      ...step,
      pieces: whole.find(({ id, change }) => id === step.id && change === step.change)?.pieces ?? [],
    })) ?? whole
  const names = new Set(steps.map(({ change, id }) => `${change} ${id}`))

  // A mirrored leader's stop is told as a close as well: who was still in left by that.
  const told = new Map(
    rows.follow.isMirrored
      ? whole.flatMap(({ id, pieces: of }) => of.flatMap(({ fill }) => (fill.signalId === null ? [] : [[fill.signalId, id] as const])))
      : [],
  )
  const leadersName = (piece: Pick<TradePiece<GapFillRow>, 'fill'>) => told.get(leaderName(piece)) ?? leaderName(piece)
  const copyName = ({ fill }: Pick<TradePiece<GapFillRow>, 'fill'>) => ownName({ fill }, leadersName({ fill }))

  const copySteps = stepsOf(pieces, copyName).map(({ pieces: own, ...step }): CopiedStep => {
    const [fill] = own.map((piece) => piece.fill)
    const name = fill === undefined ? '' : leadersName({ fill })
    const ownStop = settings.protection === 'own' && name.startsWith('leg ')
    return {
      ...step,
      of: names.has(`${step.change} ${name}`) && !ownStop ? name : null,
      cause: fill === undefined ? 'at-exchange' : causeOf(fill),
    }
  })
  const first = steps.find(({ change }) => change === 'in')
  const basis = rows.bases.find(({ signalId }) => signalId === first?.id)
  const ratio = !first
    ? null
    : idealRatio({
        numbers: decisions.get(first.id)?.numbers ?? {},
        settings: settingsAt(rows, first.pieces[0]?.fill.committedAtMs ?? first.atMs),
        leaderBase: first.quantityBase,
        leaderQuote: first.quote,
        equity: rows.equity.find(({ of }) => of === leader?.id)?.equity ?? joinedEquity,
        leaderEquity: basis?.equity ?? null,
        leaderLeverage: basis?.leverage ?? null,
      })
  const from = joins ? joining.atMs : -Infinity
  const input: GapInput = {
    leader: {
      steps: steps.map(({ id, change, quantityBase, quote, fee, atMs }): LeaderStep => ({ id, change, quantityBase, quote, fee, atMs })),
      funding: rows.funding
        .filter(({ of, atMs }) => of === leader?.id && atMs > from)
        .map(({ atMs, amount }) => ({ atMs, amount: new Exact(amount) })),
    },
    side,
    reverse: leader !== null && leader.side !== side,
    ratio: ratio ?? NO_RATIO,
    copy: { steps: copySteps, fees, funding },
  }
  return { input, ratio, steps }
}

function copySide(leader: GapTradeRow | null, { direction }: FollowSettings): 'LONG' | 'SHORT' {
  return (leader?.side === 'LONG') === (direction === 'normal') ? 'LONG' : 'SHORT'
}

/** As they were then; as they are where nothing was written down. */
function settingsAt({ settings, follow }: GapRows, atMs: number): FollowSettings {
  const then = settings.findLast((row) => row.atMs <= atMs) ?? settings[0]
  const parsed = FollowSettings.safeParse(then?.settings)
  return parsed.success ? parsed.data : follow.settings
}

/** A signal; a stop or target, which leader and follower have each their own of; else one order. */
function leaderName({ fill }: Pick<TradePiece<GapFillRow>, 'fill'>): string {
  if (fill.leg === 'stop' || fill.leg === 'trailing') return 'leg stop'
  if (fill.leg === 'target') return `leg target ${fill.level ?? 0}`
  return fill.signalId ?? `order ${fill.exchangeOrderId}`
}

/** Own moves are told apart by their orders. */
function ownName({ fill }: Pick<TradePiece<GapFillRow>, 'fill'>, name: string): string {
  return fill.signalId !== null && fill.signalSource !== 'MANUAL' ? name : `${name} ${fill.exchangeOrderId}`
}

function isJoin({ signalSource, signalKey }: GapFillRow): boolean {
  return signalSource === 'FOLLOW' && signalKey?.startsWith('join-') === true
}

function causeOf({ leg, isLiquidation, signalSource, signalKey, orderId }: GapFillRow): OwnCause {
  if (isLiquidation) return 'liquidation'
  if (leg === 'stop' || leg === 'trailing') return 'stop'
  if (leg === 'target') return 'target'
  if (leg === 'emergency') return 'emergency'
  if (orderId === null) return 'at-exchange'
  if (signalSource === 'FOLLOW') return signalKey?.startsWith('drift-') ? 'repair' : 'follow-ended'
  return signalSource === 'MANUAL' || signalSource === null ? 'by-hand' : 'other-signal'
}

/** The trade as its fills tell it, or, where they do not come to it, in at its entry and out with its result. */
function wholePieces(trade: GapTradeRow, fills: readonly GapFillRow[]): readonly TradePiece<GapFillRow>[] {
  const ways = [fills, fills.filter(({ routeId }) => routeId === trade.routeId)].map((some) => piecesOf(trade, some))
  const { closedAt } = trade
  if (closedAt === null) return ways[0] ?? []
  return ways.find((pieces) => comesTo(trade, pieces)) ?? inAndOut({ ...trade, closedAt })
}

function comesTo(trade: GapTradeRow, pieces: readonly TradePiece<GapFillRow>[]): boolean {
  const total = (change: 'in' | 'out', of: 'quantityBase' | 'quote') =>
    pieces.filter((piece) => piece.change === change).reduce((all, piece) => all.add(piece[of]), new Exact(0))
  const made = total('out', 'quote').sub(total('in', 'quote'))
  const gross = trade.side === 'LONG' ? made : made.neg()
  const isFlat = total('in', 'quantityBase').eq(trade.entryBase) && total('out', 'quantityBase').eq(trade.entryBase)
  return isFlat && gross.toDecimalPlaces(18).eq(trade.grossPnl)
}

function inAndOut(trade: GapTradeRow & { readonly closedAt: Date }): readonly TradePiece<GapFillRow>[] {
  const quantityBase = new Exact(trade.entryBase)
  const quote = quantityBase.mul(trade.entryPrice)
  const made = trade.side === 'LONG' ? new Exact(trade.grossPnl) : new Exact(trade.grossPnl).neg()
  const fill = { ...BLANK_FILL, of: trade.id, tradeId: trade.firstTradeId, quantityBase: trade.entryBase, price: trade.entryPrice }
  return [
    {
      fill: { ...fill, exchangeOrderId: 'entry' },
      change: 'in',
      quantityBase,
      quote,
      fee: new Exact(trade.fees),
      atMs: trade.openedAt.getTime(),
    },
    {
      fill: { ...fill, exchangeOrderId: 'exit' },
      change: 'out',
      quantityBase,
      quote: quote.add(made),
      fee: new Exact(0),
      atMs: trade.closedAt.getTime(),
    },
  ]
}

const BLANK_FILL = {
  side: 'buy',
  fee: '0',
  isLiquidation: false,
  atMs: 0,
  orderId: null,
  routeId: null,
  leg: null,
  level: null,
  signalId: null,
  signalSource: null,
  signalKey: null,
  committedAtMs: null,
} as const

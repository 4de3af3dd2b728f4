import type { PositionDirection, Side } from '@matic/contracts'
import type { Decimal } from 'decimal.js'
import { Exact, sum } from '../metrics/exact.ts'
import { inOrder } from '../trade/build-trades.ts'
import { part } from './path.ts'
import type { LeaderStep, Step } from './types.ts'

/** A fill as it was booked. */
interface BookedFill {
  readonly tradeId: string
  readonly side: Side
  readonly quantityBase: Decimal.Value
  readonly price: Decimal.Value
  readonly fee: Decimal.Value
  readonly atMs: number
}

/** Of a trade that is over. Base. */
interface TradeBounds {
  readonly side: PositionDirection
  readonly firstTradeId: string
  readonly entryBase: Decimal.Value
  readonly exitBase: Decimal.Value
}

export interface TradePiece<F> extends Step {
  readonly fill: F
}

/**
 * What of these fills belongs to the trade, in the order of time. A fill that turned a position belongs to two trades, its fee shared by quantity.
 * @param fills of the trade's market from its first moment to its last, others of the same moments among them
 */
export function piecesOf<F extends BookedFill>(
  { side, firstTradeId, entryBase, exitBase }: TradeBounds,
  fills: readonly F[],
): TradePiece<F>[] {
  const ordered = fills.toSorted(inOrder)
  const from = ordered.findIndex((fill) => fill.tradeId === firstTradeId)
  const pieces: TradePiece<F>[] = []
  let [entered, left] = [new Exact(0), new Exact(exitBase)]
  for (const fill of ordered.slice(Math.max(from, 0))) {
    if (left.lte(0)) break
    const isIn = (fill.side === 'buy') === (side === 'LONG')
    const quantityBase = isIn ? new Exact(fill.quantityBase) : Exact.min(left, fill.quantityBase)
    if (isIn) entered = entered.add(quantityBase)
    else left = left.sub(quantityBase)
    pieces.push(pieceOf(fill, isIn ? 'in' : 'out', quantityBase))
  }
  // The first fill may have closed another trade with what is too much here.
  const [first, ...rest] = pieces
  const tooMuch = entered.sub(entryBase)
  if (first === undefined || tooMuch.lte(0)) return pieces
  return [pieceOf(first.fill, first.change, first.quantityBase.sub(tooMuch)), ...rest]
}

function pieceOf<F extends BookedFill>(fill: F, change: Step['change'], quantityBase: Decimal): TradePiece<F> {
  return {
    fill,
    change,
    quantityBase,
    quote: new Exact(quantityBase).mul(fill.price),
    fee: part(fill.fee, quantityBase, fill.quantityBase),
    atMs: fill.atMs,
  }
}

/** Pieces that go the same way under the same name, as one: an entry at its first moment, an exit at its last. In the order of time. */
export function stepsOf<F>(
  pieces: readonly TradePiece<F>[],
  nameOf: (piece: TradePiece<F>) => string,
): (Step & { id: string; pieces: TradePiece<F>[] })[] {
  const groups = Map.groupBy(pieces, (piece) => `${piece.change} ${nameOf(piece)}`)
  return [...groups.values()]
    .flatMap((own) => {
      const [first, last] = [own[0], own.at(-1)]
      if (first === undefined || last === undefined) return []
      const { change } = first
      const total = (of: 'quantityBase' | 'quote' | 'fee') => sum(own.map((piece) => piece[of]))
      const atMs = change === 'in' ? first.atMs : last.atMs
      return [
        { id: nameOf(first), change, quantityBase: total('quantityBase'), quote: total('quote'), fee: total('fee'), atMs, pieces: own },
      ]
    })
    .toSorted((a, b) => a.atMs - b.atMs || a.change.localeCompare(b.change))
}

/** The leader's trade for who came to it later: one entry of what was held then, at its average price. Null where nothing was held. */
export function joinLater(steps: readonly LeaderStep[], atMs: number, id: string): LeaderStep[] | null {
  const before = steps.filter((step) => step.atMs <= atMs)
  const [ins, outs] = [before.filter(({ change }) => change === 'in'), before.filter(({ change }) => change === 'out')]
  const entered = sum(ins.map((step) => step.quantityBase))
  const quantityBase = entered.sub(sum(outs.map((step) => step.quantityBase)))
  if (quantityBase.lte(0)) return null
  const share = (of: 'quote' | 'fee') => part(sum(ins.map((step) => step[of])), quantityBase, entered)
  const entry: LeaderStep = { id, change: 'in', quantityBase, quote: share('quote'), fee: share('fee'), atMs }
  return [entry, ...steps.filter((step) => step.atMs > atMs)]
}

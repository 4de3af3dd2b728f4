import type { Side } from '@matic/contracts'
import { Decimal } from 'decimal.js'

export interface Slippage {
  /** Of the price compared with. */
  readonly percent: Decimal
  readonly quote: Decimal
}

/** How much worse a fill is than another price: above 0 where one bought dearer or sold cheaper. Prices quote per base. */
export function slippage(
  { side, fillPrice, filledBase }: { side: Side; fillPrice: string; filledBase: string },
  than: string,
): Slippage | null {
  const reference = new Decimal(than)
  if (reference.lte(0)) return null
  const worse = new Decimal(fillPrice).sub(reference).mul(side === 'buy' ? 1 : -1)
  return { percent: worse.div(reference).mul(100), quote: worse.mul(filledBase) }
}

/** The smallest value that `percent` of 100 do not go beyond. @param sorted ascending, at least one */
export function percentile<Value>(sorted: readonly Value[], percent: number): Value {
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('There is no percentile of nothing')
  return value
}

export interface PlacedFill {
  /** 1 was sent first. */
  readonly place: number
  readonly side: Side
  readonly fillPrice: string
}

export interface PlaceGroup {
  readonly fromPlace: number
  readonly toPlace: number
  readonly filled: number
  readonly averagePrice: Decimal
  readonly worsePercent: Decimal
}

/** Fills by place in the queue, in at most so many groups of neighbours, each beside the fill that was sent first. @param fills of one side or the other, in any order */
export function fillsByPlace(fills: readonly PlacedFill[], groupsMax: number): PlaceGroup[] {
  const inOrder = fills.toSorted((a, b) => a.place - b.place)
  const [first] = inOrder
  if (first === undefined) return []
  const size = Math.ceil(inOrder.length / groupsMax)
  return Array.from({ length: Math.ceil(inOrder.length / size) }, (_, index) => {
    const group = inOrder.slice(index * size, (index + 1) * size)
    const mean = (of: (fill: PlacedFill) => Decimal) => group.reduce((sum, fill) => sum.add(of(fill)), new Decimal(0)).div(group.length)
    return {
      fromPlace: group[0]?.place ?? 0,
      toPlace: group.at(-1)?.place ?? 0,
      filled: group.length,
      averagePrice: mean((fill) => new Decimal(fill.fillPrice)),
      worsePercent: mean((fill) => slippage({ ...fill, filledBase: '0' }, first.fillPrice)?.percent ?? new Decimal(0)),
    }
  })
}

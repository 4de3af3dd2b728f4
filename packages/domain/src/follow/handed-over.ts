import { Exact } from '../metrics/exact.ts'

/** One side of a market that a follow gives out of its hands. Base is signed, long above zero; prices are quote per base, amounts quote. */
export interface GivenUp {
  /** Its open trade as booked: what is over of it less fees plus funding, and what it still holds. */
  readonly trade: { readonly made: string; readonly leftBase: string; readonly entryPrice: string } | null
  /** What it holds where no trade of its own tells. */
  readonly held: { readonly base: string; readonly entryPrice: string | null } | null
  /** Filled by its orders and in no trade yet. What opened (base without a sign) comes back as a share and is given up then; what closed is over. */
  readonly late: { readonly openBase: string; readonly closeBase: string; readonly closeQuote: string }
  readonly marks: readonly { readonly price: string; readonly atMs: number }[]
}

export interface HandedOverWorth {
  readonly quantityBase: string
  readonly entryPrice: string | null
  /** The newest mark; where none is known the entry price, and pricedAtMs is null. */
  readonly price: string
  readonly pricedAtMs: number | null
  readonly profit: string
}

/** What it has come to at this moment, open part and all; null where there is nothing of it, or neither mark nor entry is known. */
export function worthOfHandedOver({ trade, held, late, marks }: GivenUp): HandedOverWorth | null {
  const mark = marks.toSorted((a, b) => b.atMs - a.atMs)[0]
  const entryPrice = (trade ?? held)?.entryPrice ?? null
  const price = mark?.price ?? entryPrice
  if (price === null) return null
  const priced = { entryPrice, price, pricedAtMs: mark?.atMs ?? null }
  if (trade !== null) {
    const open = new Exact(price).sub(trade.entryPrice).mul(trade.leftBase)
    const closed = new Exact(price).mul(late.closeBase).sub(late.closeQuote)
    return {
      ...priced,
      quantityBase: new Exact(trade.leftBase).add(late.closeBase).toFixed(),
      profit: new Exact(trade.made).add(open).add(closed).toFixed(),
    }
  }
  const heldBase = new Exact(held?.base ?? 0)
  const left = heldBase.abs().sub(late.openBase)
  if (left.lte(0)) return null
  const base = heldBase.isNegative() ? left.neg() : left
  return {
    ...priced,
    quantityBase: base.toFixed(),
    profit: new Exact(price)
      .sub(entryPrice ?? price)
      .mul(base)
      .toFixed(),
  }
}

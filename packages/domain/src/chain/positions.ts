import { Decimal } from 'decimal.js'

export const FLAT = 'flat'

/** Where a sender stands, as one word: flat, long, short, with its size behind it where that is said (`long 0.5`). Base units. */
export function positionName(direction: string, size: string | null): string {
  return direction === FLAT || size === null ? direction : `${direction} ${new Decimal(size).toFixed()}`
}

export function directionIn(name: string): string {
  return name.split(' ')[0] ?? name
}

/** Null where it is not said; 0 for flat. */
export function sizeIn(name: string): Decimal | null {
  if (name === FLAT) return new Decimal(0)
  const size = name.split(' ')[1]
  return size === undefined ? null : new Decimal(size)
}

/** Sizes count only where both are said. */
export function isSamePosition(a: string, b: string): boolean {
  const [one, other] = [sizeIn(a), sizeIn(b)]
  return directionIn(a) === directionIn(b) && (one === null || other === null || one.eq(other))
}

/** What comes out does not depend on what was there: flat, out of flat, or turned around. */
export function startsAnew({ from, to }: { readonly from: string; readonly to: string }): boolean {
  return to === FLAT || directionIn(from) !== directionIn(to)
}

/** Smaller than both of these, on their side. */
export function takesOff(to: string, ...before: readonly string[]): boolean {
  const after = sizeIn(to)
  return (
    after !== null &&
    before.every((name) => {
      const size = sizeIn(name)
      return size !== null && directionIn(name) === directionIn(to) && after.lt(size)
    })
  )
}

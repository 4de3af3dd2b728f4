/**
 * Amounts inside the engine are whole numbers of 1e-8: prices in quote per base, quantities in base, money in USDT.
 * Text is read and written only at the engine's edges.
 */
export type Fixed = bigint

export const DIGITS = 8
export const ONE: Fixed = 100_000_000n

const pattern = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/

/** Undefined when the text is not a plain decimal number or has more than eight decimals that matter. */
export function parseFixed(text: string): Fixed | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const decimals = (match[3] ?? '').replace(/0+$/, '')
  if (decimals.length > DIGITS) return undefined
  const value = BigInt((match[2] ?? '0') + decimals.padEnd(DIGITS, '0'))
  return match[1] === '-' ? -value : value
}

/** For constants and for text that was checked before: throws on anything that is no number. */
export function fixed(text: string): Fixed {
  const value = parseFixed(text)
  if (value === undefined) throw new Error(`Not a decimal number with at most ${DIGITS} decimals: ${text}`)
  return value
}

/** With exactly `decimals` decimals, the rest cut off towards zero. */
export function formatFixed(value: Fixed, decimals: number = DIGITS): string {
  const digits = (value < 0n ? -value : value).toString().padStart(DIGITS + 1, '0')
  const whole = digits.slice(0, -DIGITS)
  const fraction = decimals <= DIGITS ? digits.slice(-DIGITS).slice(0, decimals) : digits.slice(-DIGITS).padEnd(decimals, '0')
  const text = decimals === 0 ? whole : `${whole}.${fraction}`
  return value < 0n && /[1-9]/.test(text) ? `-${text}` : text
}

/** Shortest form: no trailing zeros. */
export function plainFixed(value: Fixed): string {
  return formatFixed(value).replace(/\.?0+$/, '')
}

/** a × b, cut off towards zero. */
export function times(a: Fixed, b: Fixed): Fixed {
  return (a * b) / ONE
}

/** a ÷ b, cut off towards zero. */
export function over(a: Fixed, b: Fixed): Fixed {
  return (a * ONE) / b
}

export function abs(value: Fixed): Fixed {
  return value < 0n ? -value : value
}

export function min(a: Fixed, b: Fixed): Fixed {
  return a < b ? a : b
}

export function max(a: Fixed, b: Fixed): Fixed {
  return a > b ? a : b
}

export function floorTo(value: Fixed, step: Fixed): Fixed {
  const rest = value % step
  return rest < 0n ? value - rest - step : value - rest
}

export function ceilTo(value: Fixed, step: Fixed): Fixed {
  const floor = floorTo(value, step)
  return floor === value ? value : floor + step
}

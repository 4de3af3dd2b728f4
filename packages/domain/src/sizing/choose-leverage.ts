import type { ReasonNumbers } from '@matic/contracts'

interface LeverageInput {
  /** What the alert asks for, as text; null where it says nothing. */
  readonly asked: string | null
  readonly standard: number
  /** Of the settings and of the market. */
  readonly caps: readonly number[]
}

/** Whole leverage, never above a cap; the numbers say so where it was capped. */
export function chooseLeverage({ asked, standard, caps }: LeverageInput): { leverage: number; numbers: ReasonNumbers } {
  const wanted = asked === null ? standard : Math.max(1, Math.floor(Number(asked)))
  const leverage = Math.max(1, Math.min(wanted, ...caps))
  return { leverage, numbers: leverage < wanted ? { note: 'LEVERAGE_CAPPED', asked: wanted, used: leverage } : {} }
}

import { Decimal } from 'decimal.js'
import { z } from 'zod'

/** A decimal number as text: no exponent, no grouping, no leading plus. Long enough for sums and products of what is accepted: no answer fails on its size. */
export const DecimalString = z.string().regex(/^-?\d{1,80}(\.\d{1,18})?$/, 'Write a plain decimal number, such as 0.25')
export type DecimalString = z.infer<typeof DecimalString>

/** What is kept. */
const STORABLE = /^-?\d{1,20}(\.\d{1,18})?$/

/** What REST accepts for a decimal: text or a finite JSON number; leaves as DecimalString. */
export const DecimalInput = z.union([z.string().trim(), z.number()]).transform((value, context) => {
  const text = typeof value === 'number' ? new Decimal(value).toFixed() : value
  if (STORABLE.test(text)) return text
  context.addIssue({ code: 'custom', message: 'Write a plain decimal number, such as 0.25' })
  return z.NEVER
})

export const PositiveDecimalInput = DecimalInput.refine((text) => new Decimal(text).gt(0), 'Must be above zero')

/** Percent as people write it: 5 is 5 %. */
export const PercentInput = DecimalInput.refine((text) => {
  const percent = new Decimal(text)
  return percent.gt(0) && percent.lt(100)
}, 'Must be above 0 and below 100 percent')

/** The only crossing between what people say (5 %) and what the domain computes with (0.05). */
export function percentToFraction(percent: Decimal | string): Decimal {
  return new Decimal(percent).div(100)
}

export const Side = z.enum(['buy', 'sell'])
export type Side = z.infer<typeof Side>

export const PositionDirection = z.enum(['LONG', 'SHORT'])
export type PositionDirection = z.infer<typeof PositionDirection>

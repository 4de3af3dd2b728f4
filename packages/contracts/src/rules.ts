import { Decimal } from 'decimal.js'
import { z } from 'zod'
import { DecimalInput, DecimalString, PercentInput, PositiveDecimalInput } from './units.ts'

export const SizingMode = z.enum(['alert', 'fixed-quantity', 'fixed-quote', 'percent-of-equity', 'risk-per-trade'])
export type SizingMode = z.infer<typeof SizingMode>

/** How far the stop lies from the entry: percent of the price, or a multiple of the average true range. */
export const StopMode = z.enum(['percent', 'atr'])
export type StopMode = z.infer<typeof StopMode>

export const ATR_INTERVALS = ['15m', '1h', '4h', '1d'] as const
export type AtrInterval = (typeof ATR_INTERVALS)[number]

export const CoolDownAfter = z.enum(['loss', 'stop'])
export type CoolDownAfter = z.infer<typeof CoolDownAfter>

export const TARGETS_MAX = 5

/** One of several targets. `percent` from the entry price; `share` of the position, percent. */
export const TargetRule = z.object({ percent: DecimalString, share: DecimalString })
export type TargetRule = z.infer<typeof TargetRule>

/**
 * What decides about every open: size, leverage, protection, limits. Percent values are percent (5 is 5 %); fixedQuote and maxNotional are
 * quote currency; fixedQuantity is base. Each can be set for the person and overridden for one account.
 */
export const Rules = z.object({
  sizingMode: SizingMode,
  equityPercent: DecimalString,
  fixedQuote: DecimalString,
  fixedQuantity: DecimalString.nullable(),
  riskPerTrade: DecimalString,
  maxPositions: z.number().int(),
  defaultLeverage: z.number().int(),
  maxLeverage: z.number().int(),
  marginMode: z.enum(['cross', 'isolated']),
  stopMode: StopMode,
  stopLossPercent: DecimalString.nullable(),
  takeProfitPercent: DecimalString.nullable(),
  atrInterval: z.enum(ATR_INTERVALS),
  atrPeriod: z.number().int(),
  /** Distance of the stop as a multiple of the range. */
  atrMultiplier: DecimalString,
  /** Distance of the target as a multiple of the range; null: as takeProfitPercent or targets say. */
  atrTargetMultiplier: DecimalString.nullable(),
  /** Instead of the one target, nearest first; empty: takeProfitPercent for the whole position. */
  targets: z.array(TargetRule),
  /** The stop goes to the entry price when this many targets have filled. */
  breakEvenAfterTarget: z.number().int().nullable(),
  /** The stop goes to the entry price at this profit, percent of it. */
  breakEvenPercent: DecimalString.nullable(),
  trailingStop: z.boolean(),
  /** How far the price may come back from its best. */
  trailingPercent: DecimalString,
  /** Profit, percent of the entry price, from which on it trails; null: from the start. */
  trailingActivationPercent: DecimalString.nullable(),
  allowedSymbols: z.array(z.string()),
  blacklistedSymbols: z.array(z.string()),
  maxNotional: DecimalString.nullable(),
  /** Loss of a UTC day, realised and unrealised, as percent of the equity it began with. */
  dailyLossPercent: DecimalString.nullable(),
  /** Fall from the highest equity, net of deposits. */
  maxDrawdownPercent: DecimalString.nullable(),
  /** 0 is none. */
  coolDownMinutes: z.number().int(),
  coolDownAfter: CoolDownAfter,
  /** How far the mark may have run away from the alert's price; opens only. */
  maxSlippagePercent: DecimalString.nullable(),
  maxSignalAgeSeconds: z.number().int(),
  spotTickerToPerp: z.boolean(),
})
export type Rules = z.infer<typeof Rules>

export const RULE_FIELDS = Rules.keyof().options
export type RuleField = keyof Rules

/** What a person begins with; the database has the same defaults. */
export const DEFAULT_RULES: Rules = {
  sizingMode: 'alert',
  equityPercent: '10',
  fixedQuote: '100',
  fixedQuantity: null,
  riskPerTrade: '2',
  maxPositions: 5,
  defaultLeverage: 10,
  maxLeverage: 50,
  marginMode: 'cross',
  stopMode: 'percent',
  stopLossPercent: '5',
  takeProfitPercent: '10',
  atrInterval: '1h',
  atrPeriod: 14,
  atrMultiplier: '2',
  atrTargetMultiplier: null,
  targets: [],
  breakEvenAfterTarget: null,
  breakEvenPercent: null,
  trailingStop: false,
  trailingPercent: '1',
  trailingActivationPercent: null,
  allowedSymbols: [],
  blacklistedSymbols: [],
  maxNotional: null,
  dailyLossPercent: null,
  maxDrawdownPercent: null,
  coolDownMinutes: 0,
  coolDownAfter: 'loss',
  maxSlippagePercent: null,
  maxSignalAgeSeconds: 60,
  spotTickerToPerp: true,
}

const SymbolList = z.array(z.string().trim().min(1).max(40)).max(500)

const between = (low: number, high: number) =>
  DecimalInput.refine((text) => new Decimal(text).gte(low) && new Decimal(text).lte(high), `Must be from ${low} to ${high}`)

const Share = DecimalInput.refine(
  (text) => new Decimal(text).gt(0) && new Decimal(text).lte(100),
  'Must be above 0 and at most 100 percent',
)

const Targets = z
  .array(z.strictObject({ percent: PositiveDecimalInput, share: Share }))
  .max(TARGETS_MAX, `At most ${TARGETS_MAX} targets`)
  .refine(
    (targets) => targets.reduce((sum, { share }) => sum.add(share), new Decimal(0)).lte(100),
    'The shares come to more than the whole position',
  )
  .refine(
    (targets) =>
      targets.every(({ percent }, index) => {
        const before = targets[index - 1]
        return before === undefined || new Decimal(percent).gt(before.percent)
      }),
    'Each target must be further away than the one before it',
  )

/** Any of the rules, as they are written. */
export const RulesPatch = z
  .strictObject({
    sizingMode: SizingMode,
    equityPercent: PercentInput,
    fixedQuote: PositiveDecimalInput,
    fixedQuantity: PositiveDecimalInput.nullable(),
    riskPerTrade: PercentInput,
    maxPositions: z.number().int().min(1).max(100),
    defaultLeverage: z.number().int().min(1).max(125),
    maxLeverage: z.number().int().min(1).max(125),
    marginMode: z.enum(['cross', 'isolated']),
    stopMode: StopMode,
    stopLossPercent: PercentInput.nullable(),
    takeProfitPercent: PositiveDecimalInput.nullable(),
    atrInterval: z.enum(ATR_INTERVALS),
    atrPeriod: z.number().int().min(2).max(100),
    atrMultiplier: between(0.1, 20),
    atrTargetMultiplier: between(0.1, 50).nullable(),
    targets: Targets,
    breakEvenAfterTarget: z.number().int().min(1).max(TARGETS_MAX).nullable(),
    breakEvenPercent: PercentInput.nullable(),
    trailingStop: z.boolean(),
    trailingPercent: between(0.1, 10).refine((text) => new Decimal(text).decimalPlaces() <= 1, 'One decimal place at most'),
    trailingActivationPercent: PercentInput.nullable(),
    allowedSymbols: SymbolList,
    blacklistedSymbols: SymbolList,
    maxNotional: PositiveDecimalInput.nullable(),
    dailyLossPercent: PercentInput.nullable(),
    maxDrawdownPercent: PercentInput.nullable(),
    coolDownMinutes: z.number().int().min(0).max(10_080),
    coolDownAfter: CoolDownAfter,
    maxSlippagePercent: PercentInput.nullable(),
    maxSignalAgeSeconds: z.number().int().min(5).max(3600),
    spotTickerToPerp: z.boolean(),
  } satisfies Record<RuleField, z.ZodType>)
  .partial()
export type RulesPatch = z.infer<typeof RulesPatch>

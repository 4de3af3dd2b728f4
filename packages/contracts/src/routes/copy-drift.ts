import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { DecimalString, PositionDirection } from '../units.ts'

/**
 * Why what is off is shown and not repaired by itself. Too much: part: only some of it is too much. shared: others hold some of the same position.
 * not-told: no close was said, the leader left by a stop of theirs or by hand. leader-in: they hold it still, or again.
 * Too little: shared; leader-out: the leader is not known to hold it. by-hand: something else than the follow's orders changed it. not-missed: no order
 * at market failed. made-up: that was tried once. too-late: it failed too long ago. price-away: the price is too far from the leader's.
 */
export const RepairDoubt = z.enum([
  'part',
  'shared',
  'not-told',
  'leader-in',
  'leader-out',
  'by-hand',
  'not-missed',
  'made-up',
  'too-late',
  'price-away',
])
export type RepairDoubt = z.infer<typeof RepairDoubt>

const OneFollow = z.object({ followId: z.uuid() })

/** Base, signed: long above zero. */
export const DriftView = z.object({
  id: z.string(),
  symbol: z.string(),
  positionSide: z.enum(['BOTH', 'LONG', 'SHORT']),
  targetBase: DecimalString,
  actualBase: DecimalString,
  /** Above zero. */
  driftBase: DecimalString,
  /** Of what should be held; null where that is nothing. */
  driftPercent: DecimalString.nullable(),
  /** reduces: the copy holds more than it should. raises: it holds less; made up for only where the follower has allowed it (`repair: full`). */
  way: z.enum(['reduces', 'raises']),
  cause: z.enum(['missed-close', 'partial-fill', 'dead-order', 'manual-change']),
  since: z.string(),
  /** Null while it lasts. */
  endedAt: z.string().nullable(),
  /** By itself, once it has stood for `graceSeconds`. */
  repairable: z.boolean(),
  /** Null: none. */
  doubt: RepairDoubt.nullable(),
  repairs: z.number().int(),
  lastRepairAt: z.string().nullable(),
  lastRepairSignalId: z.string().nullable(),
})
export type DriftView = z.infer<typeof DriftView>

export const CopyDriftView = z.object({
  /** What each market is to hold and holds, where it holds or should hold anything. */
  markets: z.array(
    z.object({
      symbol: z.string(),
      positionSide: z.enum(['BOTH', 'LONG', 'SHORT']),
      side: PositionDirection,
      targetBase: DecimalString,
      actualBase: DecimalString,
      /** An order or a signal is under way: not judged now. */
      isUnderWay: z.boolean(),
    }),
  ),
  /** What is off now, and what was within the last days, newest first. */
  drifts: z.array(DriftView),
  /** For a chart: written where either changed, oldest first. */
  samples: z.array(z.object({ symbol: z.string(), at: z.string(), targetBase: DecimalString, actualBase: DecimalString })),
  graceSeconds: z.number().int(),
})
export type CopyDriftView = z.infer<typeof CopyDriftView>

export const getCopyDrift = defineRoute({
  method: 'GET',
  path: '/api/follows/:followId/drift',
  policy: 'user',
  summary: 'What a follow is to hold against what it holds, by quantity; where that differs, since when, why, and what was done about it.',
  params: OneFollow,
  response: CopyDriftView,
  errors: ['NOT_FOUND'],
})

export const repairCopyDrift = defineRoute({
  method: 'POST',
  path: '/api/follows/:followId/repair',
  policy: 'user',
  summary: 'Take off now what a follow holds of a market beyond what it should. It never opens or adds.',
  params: OneFollow,
  body: z.strictObject({ symbol: z.string().trim().min(1).max(40) }),
  response: z.object({ signalId: z.string() }),
  errors: ['NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED'],
})

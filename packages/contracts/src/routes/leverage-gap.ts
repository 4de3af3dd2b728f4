import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { DecimalString, PositionDirection } from '../units.ts'

/** Effective leverage: what is held over what stands behind it (an isolated position's margin, else the whole equity). Null where it is not known. */
export const LeverageGapView = z.object({
  /** The follower’s. */
  positionId: z.string(),
  symbol: z.string(),
  side: PositionDirection,
  /** Null too where the leader holds nothing in this market. */
  leader: DecimalString.nullable(),
  follower: DecimalString.nullable(),
  /** The follower’s over the leader’s. */
  times: DecimalString.nullable(),
  /** More than 1.25 times the leader’s: nearer to a liquidation than they are, as where the leader added margin. */
  isWarning: z.boolean(),
})
export type LeverageGapView = z.infer<typeof LeverageGapView>

export const getLeverageGaps = defineRoute({
  method: 'GET',
  path: '/api/follows/:followId/leverage',
  policy: 'user',
  summary: 'The effective leverage of what a follow holds beside that of its leader, by market. Margin that a leader adds is not copied.',
  params: z.object({ followId: z.uuid() }),
  response: z.array(LeverageGapView),
  errors: ['NOT_FOUND'],
})

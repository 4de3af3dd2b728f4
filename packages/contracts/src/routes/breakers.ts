import { z } from 'zod'
import { defineRoute } from '../http.ts'

/** OPEN: nothing opens until `openUntil`. HALF_OPEN: openings pass on trial; the first answers close it, or open it for longer. */
export const BreakerState = z.enum(['OPEN', 'HALF_OPEN'])
export type BreakerState = z.infer<typeof BreakerState>

/** Openings of a strategy's followers, or of everybody at a venue, that are stopped because most of them were refused. Closes never are. */
export const BreakerView = z.object({
  /** `strategy:<id>` or `venue:<exchange>` */
  scope: z.string(),
  kind: z.enum(['strategy', 'venue']),
  /** Of the strategy or the exchange. */
  name: z.string(),
  state: BreakerState,
  openedAt: z.string(),
  openUntil: z.string(),
  /** How often in a row it has opened. */
  times: z.number().int(),
  /** Answers it opened by. */
  accepted: z.number().int(),
  refused: z.number().int(),
})
export type BreakerView = z.infer<typeof BreakerView>

export const listBreakers = defineRoute({
  method: 'GET',
  path: '/api/admin/breakers',
  policy: 'admin',
  summary:
    'Strategies and venues where openings are stopped, or pass on trial, because the exchange refused most of them. The newest first.',
  response: z.array(BreakerView),
})

export const closeBreaker = defineRoute({
  method: 'POST',
  path: '/api/admin/breakers/close',
  policy: 'admin',
  summary: 'Let openings through now. They pass on trial: the first answers decide whether the breaker opens again.',
  body: z.strictObject({ scope: z.string().min(3).max(100) }),
  response: z.array(BreakerView),
  errors: ['NOT_FOUND'],
})

export const listStrategyBreakers = defineRoute({
  method: 'GET',
  path: '/api/strategies/:strategyId/breakers',
  policy: 'user',
  summary: 'Whether openings of one’s strategy are stopped at the moment, everywhere or at a venue that followers of it trade on.',
  params: z.object({ strategyId: z.uuid() }),
  response: z.array(BreakerView),
  errors: ['NOT_FOUND'],
})

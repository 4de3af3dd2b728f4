import {
  changeMargin as marginRoute,
  closePositionById,
  getPosition as getRoute,
  listPositions as listRoute,
  reversePosition as reverseRoute,
  setProtection as protectionRoute,
} from '@matic/contracts'
import {
  changeMargin,
  closePart,
  getPosition,
  listAllPositions,
  reversePosition,
  setProtection,
  type Outcome,
} from '@matic/services/trading/index'
import { mount } from '../http/mount.ts'

const WAITING = 'Accepted; the exchange has not answered yet'

const placedReply = ({ placed, settled }: Outcome, message: string) =>
  settled ? { data: placed, message } : { data: placed, status: 202 as const, message: WAITING }

export const positionRoutes = [
  mount(listRoute, async ({ ctx, actor, query }) => ({
    data: await listAllPositions({ db: ctx.db, input: { userId: actor.userId, accountId: query.accountId } }),
  })),

  mount(getRoute, async ({ ctx, actor, params }) => ({
    data: await getPosition({ db: ctx.db, input: { userId: actor.userId, positionId: params.id } }),
  })),

  mount(closePositionById, async ({ ctx, actor, params, body }) => {
    const requestId = ctx.log.requests.requestId() ?? null
    const { fraction = '1', shareId, idempotencyKey } = body ?? {}
    const input = { userId: actor.userId, positionId: params.id, fraction, shareId, idempotencyKey, requestId }
    return placedReply(await closePart({ ctx, input }), 'Position closed')
  }),

  mount(reverseRoute, async ({ ctx, actor, params, body }) => {
    const requestId = ctx.log.requests.requestId() ?? null
    const { quantity, stopLoss, takeProfit, idempotencyKey } = body ?? {}
    const input = { userId: actor.userId, positionId: params.id, quantity, stopLoss, takeProfit, idempotencyKey, requestId }
    return placedReply(await reversePosition({ ctx, input }), 'Position reversed')
  }),

  mount(protectionRoute, async ({ ctx, actor, params, body }) => {
    const { stopLoss, takeProfit, shareId } = body
    const input = { userId: actor.userId, positionId: params.id, shareId, stopLoss, takeProfit }
    const { position, settled } = await setProtection({ ctx, input })
    return settled ? { data: position, message: 'Stop and target are in place' } : { data: position, status: 202, message: WAITING }
  }),

  mount(marginRoute, async ({ ctx, actor, params, body }) => {
    const input = { userId: actor.userId, positionId: params.id, amount: body.amount, idempotencyKey: body.idempotencyKey }
    const { position, settled } = await changeMargin({ ctx, input })
    return settled ? { data: position, message: 'Margin changed' } : { data: position, status: 202, message: WAITING }
  }),
]

import { getSignal as getRoute, listRejectedDeliveries, listSignals as listRoute } from '@matic/contracts'
import { getSignal, listRejected, listSignals } from '@matic/services/signals/index'
import { mount } from '../http/mount.ts'

export const signalRoutes = [
  mount(listRoute, async ({ ctx, actor, query }) => {
    const { signals, meta } = await listSignals({ db: ctx.db, input: { userId: actor.userId, page: query.page, limit: query.limit } })
    return { data: signals, meta }
  }),
  // Before the one with an id, which would take its name for one.
  mount(listRejectedDeliveries, async ({ ctx, actor, query }) => {
    const { deliveries, meta } = await listRejected({ db: ctx.db, input: { userId: actor.userId, page: query.page, limit: query.limit } })
    return { data: deliveries, meta }
  }),
  mount(getRoute, async ({ ctx, actor, params }) => ({
    data: await getSignal({ db: ctx.db, input: { userId: actor.userId, signalId: params.id } }),
  })),
]

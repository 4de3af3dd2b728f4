import {
  dryRun as dryRunRoute,
  getFollowersTrace,
  getSignal as getRoute,
  getSignalTrace,
  listRejectedDeliveries,
  listSignals as listRoute,
  replaySignal as replayRoute,
  settleHold as settleHoldRoute,
} from '@matic/contracts'
import {
  dryRun,
  getSignal,
  listRejected,
  listSignals,
  readFollowersTrace,
  readTrace,
  replaySignal,
  settleHold,
} from '@matic/services/signals/index'
import { mount } from '../http/mount.ts'

export const signalRoutes = [
  mount(listRoute, async ({ ctx, actor, query }) => {
    const { entries, meta } = await listSignals({ db: ctx.db, input: { ...query, userId: actor.userId } })
    return { data: entries, meta }
  }),
  // Before the one with an id, which would take its name for one.
  mount(listRejectedDeliveries, async ({ ctx, actor, query }) => {
    const { deliveries, meta } = await listRejected({ db: ctx.db, input: { userId: actor.userId, page: query.page, limit: query.limit } })
    return { data: deliveries, meta }
  }),
  mount(dryRunRoute, async ({ ctx, actor, body }) => ({
    data: await dryRun({ ctx, input: { userId: actor.userId, body: body.body, accountId: body.accountId } }),
  })),
  mount(replayRoute, async ({ ctx, actor, params, body }) => {
    const requestId = ctx.log.requests.requestId() ?? null
    const input = { userId: actor.userId, signalId: params.id, accountId: body?.accountId, requestId }
    return { data: await replaySignal({ ctx, input }), message: 'Replayed on paper' }
  }),
  mount(settleHoldRoute, async ({ ctx, actor, params, body }) => {
    const requestId = ctx.log.requests.requestId() ?? null
    const data = await settleHold({ ctx, input: { userId: actor.userId, signalId: params.id, action: body.action, requestId } })
    return { data, message: data.signalId === null ? 'Dropped' : 'Carried out' }
  }),
  mount(getSignalTrace, async ({ ctx, actor, params }) => ({
    data: await readTrace({ db: ctx.db, input: { userId: actor.userId, id: params.id } }),
  })),
  mount(getFollowersTrace, async ({ ctx, actor, params, query }) => {
    const { trace, meta } = await readFollowersTrace({ db: ctx.db, input: { ...query, userId: actor.userId, signalId: params.id } })
    return { data: trace, meta }
  }),
  mount(getRoute, async ({ ctx, actor, params }) => ({
    data: await getSignal({ db: ctx.db, input: { userId: actor.userId, signalId: params.id } }),
  })),
]

import {
  getLeader as leaderRoute,
  listLeaders as leadersRoute,
  listOwnStrategies as strategiesRoute,
  listRecord as recordRoute,
  patchOwnStrategy,
  publishOwnStrategy as publishRoute,
  verifyRecord,
} from '@matic/contracts'
import {
  changeStrategy,
  checkRecord,
  getLeader,
  listLeaders,
  listOwnStrategies,
  listRecord,
  publishStrategy,
} from '@matic/services/leaders/index'
import { mount } from '../http/mount.ts'

export const leaderRoutes = [
  mount(leadersRoute, async ({ ctx, actor, query }) => {
    const { risk, text, ...rest } = query
    const { leaders, meta } = await listLeaders({ db: ctx.db, input: { ...rest, risk, text, userId: actor.userId } })
    return { data: leaders, meta }
  }),
  mount(leaderRoute, async ({ ctx, actor, params, query }) => ({
    data: await getLeader({ db: ctx.db, input: { ...params, ...query, userId: actor.userId } }),
  })),
  mount(recordRoute, async ({ ctx, actor, params, query }) => {
    const isAdmin = actor.role !== 'USER'
    const { lines, meta } = await listRecord({ db: ctx.db, input: { ...params, ...query, userId: actor.userId, isAdmin } })
    return { data: lines, meta }
  }),
  mount(verifyRecord, async ({ ctx, actor, params, query }) => ({
    data: await checkRecord({ db: ctx.db, input: { ...params, ...query, userId: actor.userId } }),
  })),

  mount(strategiesRoute, async ({ ctx, actor }) => ({ data: await listOwnStrategies({ db: ctx.db, input: { userId: actor.userId } }) })),
  mount(publishRoute, async ({ ctx, actor, body }) => ({
    data: await publishStrategy({ ctx, input: { ...body, userId: actor.userId } }),
    message: 'Published',
  })),
  mount(patchOwnStrategy, async ({ ctx, actor, params, body }) => ({
    data: await changeStrategy({ ctx, input: { ...body, ...params, userId: actor.userId } }),
    message: 'Saved',
  })),
]

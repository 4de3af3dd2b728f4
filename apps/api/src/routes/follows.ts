import {
  createInvite as createInviteRoute,
  getCopyDrift as getCopyDriftRoute,
  getCopyGap as getCopyGapRoute,
  repairCopyDrift as repairCopyDriftRoute,
  getCopyTerms as getCopyTermsRoute,
  getFollow as getFollowRoute,
  getFollowFees,
  getLeverageGaps,
  getStrategyFees,
  listFollowers as listFollowersRoute,
  listFollows as listFollowsRoute,
  listInvites as listInvitesRoute,
  patchFollow,
  removeFollower as removeFollowerRoute,
  putCopyTerms as putCopyTermsRoute,
  revokeInvite as revokeInviteRoute,
  startFollow as startFollowRoute,
  stopFollow as stopFollowRoute,
} from '@matic/contracts'
import { readFollowFees, readStrategyFees } from '@matic/services/fees/index'
import {
  changeFollow,
  createInvite,
  getCopyDrift,
  getCopyGap,
  repairCopyDrift,
  getCopyTerms,
  getFollow,
  listFollowers,
  listFollows,
  listInvites,
  putCopyTerms,
  removeFollower,
  revokeInvite,
  startFollow,
  stopFollow,
  leverageGaps,
} from '@matic/services/follows/index'
import { mount } from '../http/mount.ts'

export const followRoutes = [
  mount(getCopyTermsRoute, async ({ ctx, actor, params, query }) => ({
    data: await getCopyTerms({ db: ctx.db, input: { ...params, inviteCode: query.inviteCode, userId: actor.userId } }),
  })),

  mount(putCopyTermsRoute, async ({ ctx, actor, params, body }) => ({
    data: await putCopyTerms({ ctx, input: { ...params, ...body, userId: actor.userId } }),
    message: 'Saved',
  })),

  mount(listInvitesRoute, async ({ ctx, actor, params }) => ({
    data: await listInvites({ db: ctx.db, input: { ...params, userId: actor.userId } }),
  })),

  mount(createInviteRoute, async ({ ctx, actor, params, body }) => ({
    data: await createInvite({ ctx, input: { ...params, ...body, userId: actor.userId } }),
    message: 'Copy the code now: it is not shown again',
  })),

  mount(revokeInviteRoute, async ({ ctx, actor, params }) => ({
    data: await revokeInvite({ ctx, input: { ...params, userId: actor.userId } }),
    message: 'Revoked',
  })),

  mount(listFollowersRoute, async ({ ctx, actor, params, query }) => {
    const { followers, meta } = await listFollowers({ db: ctx.db, input: { ...params, ...query, userId: actor.userId } })
    return { data: followers, meta }
  }),

  mount(removeFollowerRoute, async ({ ctx, actor, params }) => ({
    data: await removeFollower({ ctx, input: { ...params, userId: actor.userId } }),
    message: 'Removed',
  })),

  mount(getStrategyFees, async ({ ctx, actor, params, query }) => {
    const { view, meta } = await readStrategyFees({ db: ctx.db, input: { ...params, ...query, userId: actor.userId } })
    return { data: view, meta }
  }),

  mount(getLeverageGaps, async ({ ctx, actor, params }) => ({
    data: await leverageGaps({ db: ctx.db, input: { ...params, userId: actor.userId } }),
  })),

  mount(getFollowFees, async ({ ctx, actor, params }) => ({
    data: await readFollowFees({ db: ctx.db, input: { ...params, userId: actor.userId } }),
  })),

  mount(listFollowsRoute, async ({ ctx, actor }) => ({ data: await listFollows({ db: ctx.db, input: { userId: actor.userId } }) })),

  mount(getFollowRoute, async ({ ctx, actor, params }) => ({
    data: await getFollow({ db: ctx.db, input: { ...params, userId: actor.userId } }),
  })),

  mount(startFollowRoute, async ({ ctx, actor, body }) => ({
    data: await startFollow({
      ctx,
      input: { ...body, inviteCode: body.inviteCode, userId: actor.userId, requestId: ctx.log.requests.requestId() ?? null },
    }),
    message: 'Following from now on',
  })),

  mount(patchFollow, async ({ ctx, actor, params, body }) => ({
    data: await changeFollow({ ctx, input: { ...params, ...body, userId: actor.userId } }),
    message: 'Saved',
  })),

  mount(stopFollowRoute, async ({ ctx, actor, params, body }) => ({
    data: await stopFollow({ ctx, input: { ...params, ...body, userId: actor.userId, requestId: ctx.log.requests.requestId() ?? null } }),
    message: 'Stopped',
  })),

  mount(getCopyDriftRoute, async ({ ctx, actor, params }) => ({
    data: await getCopyDrift({ ctx, input: { ...params, userId: actor.userId } }),
  })),

  mount(repairCopyDriftRoute, async ({ ctx, actor, params, body }) => ({
    data: await repairCopyDrift({ ctx, input: { ...params, ...body, userId: actor.userId } }),
    message: 'Being taken off',
  })),

  mount(getCopyGapRoute, async ({ ctx, actor, params, query }) => {
    const { gap, meta } = await getCopyGap({ db: ctx.db, input: { ...params, ...query, month: query.month, userId: actor.userId } })
    return { data: gap, meta }
  }),
]

import { getRules as getRulesRoute, patchAccountRules, previewRules as previewRoute, resetPeak as resetPeakRoute } from '@matic/contracts'
import { changeAccountRules, getRules, previewRules, resetPeak } from '@matic/services/rules/index'
import { mount } from '../http/mount.ts'

export const rulesRoutes = [
  mount(getRulesRoute, async ({ ctx, actor }) => ({ data: await getRules({ db: ctx.db, input: { userId: actor.userId } }) })),

  mount(patchAccountRules, async ({ ctx, actor, params, body }) => ({
    data: await changeAccountRules({ ctx, input: { ...params, ...body, userId: actor.userId } }),
    message: 'Saved',
  })),

  mount(resetPeakRoute, async ({ ctx, actor, params }) => ({
    data: await resetPeak({ ctx, input: { ...params, userId: actor.userId } }),
    message: 'The drawdown is measured from now on',
  })),

  mount(previewRoute, async ({ ctx, actor, body }) => ({
    data: await previewRules({ db: ctx.db, input: { ...body, accountId: body.accountId, userId: actor.userId } }),
  })),
]

import { getCopyability as copyabilityRoute, getCopyExample as exampleRoute, previewCopies as previewRoute } from '@matic/contracts'
import { getCopyability, getExample, previewCopies } from '@matic/services/copying/index'
import { mount } from '../http/mount.ts'

export const copyPlanRoutes = [
  mount(previewRoute, async ({ ctx, actor, params, query, body }) => {
    const { page, limit, outcome } = query
    const { preview, total } = await previewCopies({ ctx, input: { ...params, ...body, page, limit, outcome, userId: actor.userId } })
    return { data: preview, meta: { page, limit, total } }
  }),
  mount(copyabilityRoute, async ({ ctx, actor, params, body }) => {
    const { accountId, equity, settings, inviteCode } = body
    return { data: await getCopyability({ ctx, input: { ...params, accountId, equity, settings, inviteCode, userId: actor.userId } }) }
  }),
  mount(exampleRoute, async ({ ctx, actor, params, body }) => {
    const { accountId, settings, inviteCode, alert } = body
    return { data: await getExample({ ctx, input: { ...params, accountId, settings, inviteCode, alert, userId: actor.userId } }) }
  }),
]

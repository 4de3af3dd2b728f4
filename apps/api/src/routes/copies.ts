import { getCopyingHealth, listCopyDecisions as decisionsRoute } from '@matic/contracts'
import { listCopyDecisions, readCopyingHealth } from '@matic/services/follows/index'
import { mount } from '../http/mount.ts'

export const copyRoutes = [
  mount(decisionsRoute, async ({ ctx, actor, params, query }) => {
    const { outcome, ...rest } = query
    const { decisions, meta } = await listCopyDecisions({ db: ctx.db, input: { ...params, ...rest, outcome, userId: actor.userId } })
    return { data: decisions, meta }
  }),
  mount(getCopyingHealth, async ({ ctx }) => ({ data: await readCopyingHealth({ db: ctx.db }) })),
]

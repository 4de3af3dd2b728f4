import { closeBreaker as closeRoute, listBreakers as listRoute, listStrategyBreakers as strategyRoute } from '@matic/contracts'
import { closeBreaker, listBreakers, listStrategyBreakers } from '@matic/services/fan-outs/index'
import { mount } from '../http/mount.ts'

export const breakerRoutes = [
  mount(listRoute, async ({ ctx }) => ({ data: await listBreakers({ db: ctx.db }) })),
  mount(closeRoute, async ({ ctx, actor, body }) => ({
    data: await closeBreaker({ ctx, input: { ...body, userId: actor.userId } }),
    message: 'Openings pass again, on trial',
  })),
  mount(strategyRoute, async ({ ctx, actor, params }) => ({
    data: await listStrategyBreakers({ db: ctx.db, input: { ...params, userId: actor.userId } }),
  })),
]

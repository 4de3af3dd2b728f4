import { listSessions as listRoute, revokeOtherSessions as revokeOthersRoute, revokeSession as revokeRoute } from '@matic/contracts'
import { listSessions, revokeOtherSessions, revokeSession } from '@matic/services/auth/index'
import { addressOf } from '../http/address-of.ts'
import { mount } from '../http/mount.ts'

export const sessionRoutes = [
  mount(listRoute, async ({ ctx, actor }) => ({ data: await listSessions({ ctx, input: { actor } }) })),

  mount(revokeRoute, async ({ ctx, actor, params, req }) => {
    await revokeSession({ ctx, input: { actor, sessionId: params.id, ip: addressOf(req) } })
    return { data: {}, message: 'The session was ended' }
  }),

  mount(revokeOthersRoute, async ({ ctx, actor, req }) => ({
    data: await revokeOtherSessions({ ctx, input: { actor, ip: addressOf(req) } }),
    message: 'Every other session was ended',
  })),
]

import {
  confirmTotp as confirmRoute,
  disableTotp as disableRoute,
  enrolTotp as enrolRoute,
  getTotp as getRoute,
  renewRecoveryCodes as renewRoute,
} from '@matic/contracts'
import { confirmTotp, disableTotp, enrolTotp, getTotp, renewRecoveryCodes } from '@matic/services/auth/index'
import { addressOf } from '../http/address-of.ts'
import { mount } from '../http/mount.ts'

export const totpRoutes = [
  mount(getRoute, async ({ ctx, actor }) => ({ data: await getTotp({ ctx, input: { userId: actor.userId } }) })),

  mount(enrolRoute, async ({ ctx, actor, req }) => ({
    data: await enrolTotp({ ctx, input: { userId: actor.userId, ip: addressOf(req) } }),
  })),

  mount(confirmRoute, async ({ ctx, actor, body, req }) => ({
    data: await confirmTotp({ ctx, input: { userId: actor.userId, code: body.code, ip: addressOf(req) } }),
    message: 'Two-step sign-in is on. Keep the recovery codes: they are not shown again.',
  })),

  mount(renewRoute, async ({ ctx, actor, req }) => ({
    data: await renewRecoveryCodes({ ctx, input: { userId: actor.userId, ip: addressOf(req) } }),
    message: 'Keep the recovery codes: they are not shown again.',
  })),

  mount(disableRoute, async ({ ctx, actor, body, req }) => {
    await disableTotp({ ctx, input: { userId: actor.userId, code: body.code, ip: addressOf(req) } })
    return { data: {}, message: 'Two-step sign-in is off' }
  }),
]

import { dismissOnboarding as dismissRoute, getOnboarding as getRoute } from '@matic/contracts'
import { dismissOnboarding, getOnboarding } from '@matic/services/onboarding/index'
import { mount } from '../http/mount.ts'

export const onboardingRoutes = [
  mount(getRoute, async ({ ctx, actor }) => ({ data: await getOnboarding({ db: ctx.db, input: { userId: actor.userId } }) })),
  mount(dismissRoute, async ({ ctx, actor, body }) => ({
    data: await dismissOnboarding({ db: ctx.db, input: { userId: actor.userId, dismissed: body.dismissed } }),
  })),
]

import type { Mounted } from '../http/mount.ts'
import { accountRoutes } from './accounts.ts'
import { activityRoutes } from './activity.ts'
import { authRoutes } from './auth.ts'
import { botRoutes } from './bot.ts'
import { breakerRoutes } from './breakers.ts'
import { copyRoutes } from './copies.ts'
import { copyPlanRoutes } from './copy-plans.ts'
import { devRoutes } from './dev.ts'
import { exchangeRoutes } from './exchange.ts'
import { leaderRoutes } from './leaders.ts'
import { followRoutes } from './follows.ts'
import { marketRoutes } from './markets.ts'
import { onboardingRoutes } from './onboarding.ts'
import { orderRoutes } from './orders.ts'
import { portfolioRoutes } from './portfolio.ts'
import { positionRoutes } from './positions.ts'
import { rulesRoutes } from './rules.ts'
import { sessionRoutes } from './sessions.ts'
import { signalRoutes } from './signals.ts'
import { totpRoutes } from './totp.ts'

/** The one list, for production and tests. */
export const mountedRoutes: readonly Mounted[] = [
  ...accountRoutes,
  ...activityRoutes,
  ...authRoutes,
  ...botRoutes,
  ...breakerRoutes,
  ...copyRoutes,
  ...copyPlanRoutes,
  ...devRoutes,
  ...exchangeRoutes,
  ...leaderRoutes,
  ...followRoutes,
  ...marketRoutes,
  ...onboardingRoutes,
  ...orderRoutes,
  ...portfolioRoutes,
  ...positionRoutes,
  ...rulesRoutes,
  ...sessionRoutes,
  ...signalRoutes,
  ...totpRoutes,
]

import type { Mounted } from '../http/mount.ts'
import { accountRoutes } from './accounts.ts'
import { activityRoutes } from './activity.ts'
import { authRoutes } from './auth.ts'
import { botRoutes } from './bot.ts'
import { exchangeRoutes } from './exchange.ts'
import { marketRoutes } from './markets.ts'
import { onboardingRoutes } from './onboarding.ts'
import { orderRoutes } from './orders.ts'
import { portfolioRoutes } from './portfolio.ts'
import { positionRoutes } from './positions.ts'
import { rulesRoutes } from './rules.ts'
import { signalRoutes } from './signals.ts'

/** The one list, for production and tests. */
export const mountedRoutes: readonly Mounted[] = [
  ...accountRoutes,
  ...activityRoutes,
  ...authRoutes,
  ...botRoutes,
  ...exchangeRoutes,
  ...marketRoutes,
  ...onboardingRoutes,
  ...orderRoutes,
  ...portfolioRoutes,
  ...positionRoutes,
  ...rulesRoutes,
  ...signalRoutes,
]

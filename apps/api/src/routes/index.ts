import type { Mounted } from '../http/mount.ts'
import { authRoutes } from './auth.ts'

/** The one list, for production and tests. */
export const mountedRoutes: readonly Mounted[] = [...authRoutes]

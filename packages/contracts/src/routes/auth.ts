import { z } from 'zod'
import { defineRoute } from '../http.ts'

export const UserView = z.object({
  id: z.string(),
  email: z.string(),
  fullName: z.string(),
  role: z.enum(['USER', 'ADMIN', 'SUPER_ADMIN']),
  isActive: z.boolean(),
  isEmailVerified: z.boolean(),
  subscription: z.object({ plan: z.string(), status: z.string(), endDate: z.string() }).nullable(),
})
export type UserView = z.infer<typeof UserView>

const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() })

export const login = defineRoute({
  method: 'POST',
  path: '/api/auth/login',
  policy: 'public',
  summary: 'Sign in. Sets the refresh cookie and also answers both tokens for API clients.',
  body: z.object({ email: z.email().max(254), password: z.string().min(1).max(1024) }),
  response: Tokens.extend({ user: UserView }),
  errors: ['LOGIN_FAILED', 'RATE_LIMITED'],
})

export const refresh = defineRoute({
  method: 'POST',
  path: '/api/auth/refresh',
  policy: 'public',
  summary: 'Rotate the refresh token, from the cookie or the body.',
  body: z.object({ refreshToken: z.string().max(256).optional() }).optional(),
  response: Tokens.extend({ user: UserView }),
  errors: ['UNAUTHENTICATED', 'TOKEN_EXPIRED'],
})

export const logout = defineRoute({
  method: 'POST',
  path: '/api/auth/logout',
  policy: 'public',
  summary: 'End this login and clear the cookie.',
  body: z.object({ refreshToken: z.string().max(256).optional() }).optional(),
  response: z.object({}),
})

export const profile = defineRoute({
  method: 'GET',
  path: '/api/auth/profile',
  policy: 'user',
  summary: 'Who is signed in.',
  response: UserView,
})

import { AppError, login, logout, profile, refresh } from '@matic/contracts'
import { getProfile, logIn, logOut, refreshSession } from '@matic/services/auth/index'
import { mount, mountPublic } from '../http/mount.ts'
import { clearRefreshCookie, readRefreshToken, setRefreshCookie } from '../http/refresh-cookie.ts'

export const authRoutes = [
  mountPublic(login, async ({ ctx, body, req, res }) => {
    const signedIn = await logIn({ ctx, input: { ...body, ip: req.ip ?? '', userAgent: req.headers['user-agent'] ?? null } })
    setRefreshCookie(ctx, res, signedIn.refreshToken, signedIn.refreshExpiresAtMs)
    return { data: signedIn, message: 'Signed in' }
  }),

  mountPublic(refresh, async ({ ctx, body, req, res }) => {
    const refreshToken = readRefreshToken(ctx, req, body?.refreshToken)
    if (refreshToken === undefined) throw new AppError('UNAUTHENTICATED', 'Sign in to go on')
    try {
      const signedIn = await refreshSession({ ctx, input: { refreshToken, userAgent: req.headers['user-agent'] ?? null } })
      setRefreshCookie(ctx, res, signedIn.refreshToken, signedIn.refreshExpiresAtMs)
      return { data: signedIn }
    } catch (error) {
      if (error instanceof AppError) clearRefreshCookie(ctx, res)
      throw error
    }
  }),

  mountPublic(logout, async ({ ctx, body, req, res }) => {
    const refreshToken = readRefreshToken(ctx, req, body?.refreshToken)
    if (refreshToken !== undefined) await logOut({ ctx, input: { refreshToken } })
    clearRefreshCookie(ctx, res)
    return { data: {}, message: 'Signed out' }
  }),

  mount(profile, async ({ ctx, actor }) => ({ data: await getProfile({ db: ctx.db, userId: actor.userId }) })),
]

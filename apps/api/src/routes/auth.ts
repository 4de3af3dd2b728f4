import {
  AppError,
  changePassword as changePasswordRoute,
  forgotPassword as forgotPasswordRoute,
  login,
  logout,
  profile,
  refresh,
  register as registerRoute,
  resendCode,
  resetPassword as resetPasswordRoute,
  stepUp as stepUpRoute,
  updateProfile as updateProfileRoute,
  verifyEmail as verifyEmailRoute,
} from '@matic/contracts'
import {
  changePassword,
  forgotPassword,
  getProfile,
  logIn,
  logOut,
  refreshSession,
  register,
  resendEmailCode,
  resetPassword,
  stepUp,
  updateProfile,
  verifyEmail,
} from '@matic/services/auth/index'
import type { Request } from 'express'
import { addressOf } from '../http/address-of.ts'
import { mount, mountPublic } from '../http/mount.ts'
import { clearRefreshCookie, readRefreshToken, setRefreshCookie } from '../http/refresh-cookie.ts'

export const authRoutes = [
  mountPublic(registerRoute, async ({ ctx, body, req, res }) => {
    const signedIn = await register({ ctx, input: { ...body, ...callerOf(req) } })
    setRefreshCookie(ctx, res, signedIn.refreshToken, signedIn.refreshExpiresAtMs)
    return { data: signedIn, message: 'Welcome. Enter the code we sent you to confirm your e-mail address.' }
  }),

  mountPublic(login, async ({ ctx, body, req, res }) => {
    const signedIn = await logIn({ ctx, input: { ...body, ...callerOf(req) } })
    setRefreshCookie(ctx, res, signedIn.refreshToken, signedIn.refreshExpiresAtMs)
    return { data: signedIn, message: 'Signed in' }
  }),

  mountPublic(refresh, async ({ ctx, body, req, res }) => {
    const refreshToken = readRefreshToken(ctx, req, body?.refreshToken)
    if (refreshToken === undefined) throw new AppError('UNAUTHENTICATED', 'Sign in to go on')
    try {
      const signedIn = await refreshSession({ ctx, input: { refreshToken, ...callerOf(req) } })
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

  mount(verifyEmailRoute, async ({ ctx, actor, body, req }) => {
    const user = await verifyEmail({ ctx, input: { userId: actor.userId, code: body.code, ip: addressOf(req) } })
    const message = user.isActive ? 'Confirmed. Your trial has begun.' : 'Confirmed. An administrator will activate your account.'
    return { data: user, message }
  }),

  mount(resendCode, async ({ ctx, actor }) => {
    await resendEmailCode({ ctx, input: { userId: actor.userId } })
    return { data: {}, message: 'A new code is on its way' }
  }),

  mountPublic(forgotPasswordRoute, async ({ ctx, body, req }) => {
    await forgotPassword({ ctx, input: { email: body.email, ip: addressOf(req) } })
    return { data: {}, message: 'If this address has an account, a link is on its way to it.' }
  }),

  mountPublic(resetPasswordRoute, async ({ ctx, body, req }) => {
    await resetPassword({ ctx, input: { ...body, ip: addressOf(req) } })
    return { data: {}, message: 'Your password is changed. Sign in with it.' }
  }),

  mount(profile, async ({ ctx, actor }) => ({ data: await getProfile({ db: ctx.db, userId: actor.userId }) })),

  mount(updateProfileRoute, async ({ ctx, actor, body }) => ({
    data: await updateProfile({ ctx, input: { userId: actor.userId, patch: body } }),
    message: 'Saved',
  })),

  mount(changePasswordRoute, async ({ ctx, actor, body, req }) => {
    await changePassword({ ctx, input: { actor, ...body, ip: addressOf(req) } })
    return { data: {}, message: 'Your password is changed; every other session was ended.' }
  }),

  mount(stepUpRoute, async ({ ctx, actor, body, req }) => {
    await stepUp({ ctx, input: { actor, ...body, ip: addressOf(req) } })
    return { data: {} }
  }),
]

function callerOf(req: Request): { ip: string; userAgent: string | null } {
  return { ip: addressOf(req), userAgent: req.headers['user-agent'] ?? null }
}

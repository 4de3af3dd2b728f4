import { AppError } from '@matic/contracts'
import type { CookieOptions, Request, Response } from 'express'
import type { ApiContext } from '../context.ts'

/** Where the browser keeps its refresh token: out of reach of any script. */
export function setRefreshCookie(ctx: ApiContext, res: Response, token: string, expiresAtMs: number): void {
  res.cookie(cookieName(ctx), token, { ...cookieOptions(ctx), expires: new Date(expiresAtMs) })
}

export function clearRefreshCookie(ctx: ApiContext, res: Response): void {
  res.clearCookie(cookieName(ctx), cookieOptions(ctx))
}

/**
 * The token from the body (API clients) or the cookie (browsers).
 * @throws AppError FORBIDDEN when another page makes the browser send its cookie
 */
export function readRefreshToken(ctx: ApiContext, req: Request, fromBody: string | undefined): string | undefined {
  if (fromBody !== undefined) return fromBody
  const token = readCookie(req.headers.cookie ?? '', cookieName(ctx))
  if (token !== undefined && !ctx.origins.allows(req.headers)) throw new AppError('FORBIDDEN', 'This page may not use the login')
  return token
}

function cookieName(ctx: ApiContext): string {
  return ctx.config.nodeEnv === 'production' ? '__Host-matic_refresh' : 'matic_refresh'
}

function cookieOptions(ctx: ApiContext): CookieOptions {
  const production = ctx.config.nodeEnv === 'production'
  return { httpOnly: true, sameSite: 'lax', secure: production, path: production ? '/' : '/api/auth' }
}

function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const [key, value] = pair.trim().split('=', 2)
    if (key === name && value !== undefined && value !== '') return value
  }
  return undefined
}

import { createHmac } from 'node:crypto'
import { AppError } from '@matic/contracts'
import type { Clock, Secret } from '@matic/platform'
import jwt from 'jsonwebtoken'
import { z } from 'zod'

/** What an access token says. The role is not in it: it is read fresh. */
export interface AccessClaims {
  readonly userId: string
  /** The login it belongs to. */
  readonly familyId: string
  readonly sessionVersion: number
  readonly expiresAtMs: number
}

export interface Tokens {
  readonly refreshTtlMs: number
  signAccess(claims: Omit<AccessClaims, 'expiresAtMs'>): string
  /** @throws AppError TOKEN_EXPIRED, or UNAUTHENTICATED for anything else that is not right */
  verifyAccess(token: string): AccessClaims
  /** What is stored instead of a refresh token. */
  hashRefresh(token: string): Buffer
  /** The one token that may follow: two tabs that refresh at the same moment get the same. */
  successorOf(token: string): string
}

interface TokensOptions {
  readonly jwtSecret: Secret
  readonly refreshSecret: Secret
  readonly accessTtlMs: number
  readonly refreshTtlMs: number
  readonly clock: Clock
}

const ALGORITHM = 'HS256'
const ISSUER = 'matic'
const AUDIENCE = 'matic-api'

const Payload = z.object({ sub: z.uuid(), sid: z.uuid(), ver: z.number().int(), typ: z.literal('access'), exp: z.number().int() })

export function createTokens({ jwtSecret, refreshSecret, accessTtlMs, refreshTtlMs, clock }: TokensOptions): Tokens {
  const nowSeconds = () => Math.floor(clock.now() / 1000)
  const keyed = (purpose: string, token: string) => createHmac('sha256', refreshSecret.reveal()).update(`${purpose}:${token}`).digest()

  return {
    refreshTtlMs,
    signAccess({ userId, familyId, sessionVersion }) {
      const iat = nowSeconds()
      const payload = {
        sub: userId,
        sid: familyId,
        ver: sessionVersion,
        typ: 'access',
        iss: ISSUER,
        aud: AUDIENCE,
        iat,
        exp: iat + Math.ceil(accessTtlMs / 1000),
      }
      return jwt.sign(payload, jwtSecret.reveal(), { algorithm: ALGORITHM })
    },
    verifyAccess(token) {
      const payload = Payload.safeParse(verified(token))
      if (!payload.success) throw new AppError('UNAUTHENTICATED', 'Sign in to go on')
      const { sub, sid, ver, exp } = payload.data
      return { userId: sub, familyId: sid, sessionVersion: ver, expiresAtMs: exp * 1000 }
    },
    hashRefresh: (token) => keyed('stored', token),
    successorOf: (token) => keyed('successor', token).toString('base64url'),
  }

  function verified(token: string): unknown {
    try {
      return jwt.verify(token, jwtSecret.reveal(), {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        clockTimestamp: nowSeconds(),
      })
    } catch (cause) {
      if (cause instanceof jwt.TokenExpiredError) throw new AppError('TOKEN_EXPIRED', 'Token expired', { cause })
      throw new AppError('UNAUTHENTICATED', 'Sign in to go on', { cause })
    }
  }
}

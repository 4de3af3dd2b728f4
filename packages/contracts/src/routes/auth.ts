import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { PublicName } from '../public-name.ts'

export const PLANS = ['MONTHLY', 'YEARLY'] as const

export const UserView = z.object({
  id: z.string(),
  email: z.string(),
  fullName: z.string(),
  /** What others see instead of the name; null where none was chosen. */
  publicName: z.string().nullable(),
  phone: z.string().nullable(),
  address: z.string().nullable(),
  role: z.enum(['USER', 'ADMIN', 'SUPER_ADMIN']),
  isActive: z.boolean(),
  isEmailVerified: z.boolean(),
  hasTwoStep: z.boolean(),
  /** Mails about what becomes of their follows by themselves. */
  followMails: z.boolean(),
  subscription: z.object({ plan: z.string(), status: z.string(), endDate: z.string() }).nullable(),
})
export type UserView = z.infer<typeof UserView>

/** U+0000 is no text to PostgreSQL. */
const Words = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .refine((text) => !text.includes('\u0000'), 'must not contain a NUL character')
const Email = z.email('Enter an e-mail address').max(254)
const NewPassword = z
  .string()
  .min(8, 'At least 8 characters')
  .refine((text) => new TextEncoder().encode(text).length <= 72, 'At most 72 bytes: letters beyond a to z count as two to four')
  .refine((text) => !text.includes('\u0000'), 'must not contain a NUL character')
/** Of the authenticator app, or one of the recovery codes. */
export const SecondStepCode = z.string().trim().min(6).max(40)

const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() })
const SignedIn = Tokens.extend({ user: UserView })

export const register = defineRoute({
  method: 'POST',
  path: '/api/auth/register',
  policy: 'public',
  summary: 'Create a user, who is inactive until the code sent by mail is confirmed. Answers both tokens.',
  body: z.object({
    email: Email,
    password: NewPassword,
    fullName: Words(120).min(1, 'Enter your name'),
    phone: Words(40).optional(),
    address: Words(300).optional(),
    plan: z.preprocess((plan) => (typeof plan === 'string' ? plan.toUpperCase() : plan), z.enum(PLANS).default('MONTHLY')),
  }),
  response: SignedIn,
  errors: ['CONFLICT', 'RATE_LIMITED'],
})

export const login = defineRoute({
  method: 'POST',
  path: '/api/auth/login',
  policy: 'public',
  summary:
    'Sign in. Sets the refresh cookie and also answers both tokens for API clients. With two-step sign-in, SECOND_STEP_REQUIRED asks for the same call with `code`.',
  body: z.object({ email: z.email().max(254), password: z.string().min(1).max(1024), code: SecondStepCode.optional() }),
  response: SignedIn,
  errors: ['LOGIN_FAILED', 'SECOND_STEP_REQUIRED', 'CODE_WRONG', 'RATE_LIMITED'],
})

export const refresh = defineRoute({
  method: 'POST',
  path: '/api/auth/refresh',
  policy: 'public',
  summary: 'Rotate the refresh token, from the cookie or the body.',
  body: z.object({ refreshToken: z.string().max(256).optional() }).optional(),
  response: SignedIn,
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

export const verifyEmail = defineRoute({
  method: 'POST',
  path: '/api/auth/verify-email',
  policy: 'user',
  summary: 'Confirm the e-mail address by the six digits sent there. Starts the trial of the asked plan.',
  body: z.object({
    code: z
      .string()
      .trim()
      .regex(/^\d{6}$/, 'Six digits'),
  }),
  response: UserView,
  errors: ['CODE_WRONG', 'RATE_LIMITED'],
})

export const resendCode = defineRoute({
  method: 'POST',
  path: '/api/auth/resend-code',
  policy: 'user',
  summary: 'Send new six digits, at most five times an hour. Earlier ones stop working.',
  response: z.object({}),
  errors: ['CONFLICT', 'RATE_LIMITED'],
})

export const forgotPassword = defineRoute({
  method: 'POST',
  path: '/api/auth/forgot-password',
  policy: 'public',
  summary: 'Send a link for a new password, if the address is known here. The answer does not say whether it is.',
  body: z.object({ email: Email }),
  response: z.object({}),
  errors: ['RATE_LIMITED'],
})

export const resetPassword = defineRoute({
  method: 'POST',
  path: '/api/auth/reset-password',
  policy: 'public',
  summary: 'Set a new password by the token of the link. Ends every session; two-step sign-in stays on.',
  body: z.object({ token: z.string().min(1).max(128), password: NewPassword }),
  response: z.object({}),
  errors: ['LINK_EXPIRED', 'RATE_LIMITED'],
})

export const profile = defineRoute({
  method: 'GET',
  path: '/api/auth/profile',
  policy: 'user',
  summary: 'Who is signed in.',
  response: UserView,
})

export const updateProfile = defineRoute({
  method: 'PUT',
  path: '/api/auth/profile',
  policy: 'user',
  summary:
    'Change name, public name, phone and address, and whether news of follows is mailed. The public name is what others see; it is nobody else’s and not of the e-mail.',
  body: z
    .strictObject({
      fullName: Words(120).min(1, 'Enter your name'),
      publicName: PublicName.nullable(),
      phone: Words(40).nullable(),
      address: Words(300).nullable(),
      followMails: z.boolean(),
    })
    .partial(),
  response: UserView,
  errors: ['CONFLICT', 'VALIDATION_FAILED'],
})

export const changePassword = defineRoute({
  method: 'POST',
  path: '/api/auth/change-password',
  policy: 'user',
  summary: 'Set a new password by the current one. Every other session ends.',
  body: z.object({ currentPassword: z.string().min(1).max(1024), newPassword: NewPassword }),
  response: z.object({}),
  errors: ['PASSWORD_WRONG', 'RATE_LIMITED'],
})

export const stepUp = defineRoute({
  method: 'POST',
  path: '/api/auth/step-up',
  policy: 'user',
  summary: 'Prove again who is signed in. What asks for it stays open for 5 minutes.',
  body: z.object({ password: z.string().min(1).max(1024), code: SecondStepCode.optional() }),
  response: z.object({}),
  errors: ['PASSWORD_WRONG', 'SECOND_STEP_REQUIRED', 'CODE_WRONG', 'RATE_LIMITED'],
})

import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { SecondStepCode } from './auth.ts'

const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) })

export const getTotp = defineRoute({
  method: 'GET',
  path: '/api/auth/totp',
  policy: 'user',
  summary: 'Whether signing in takes a second step, and how many recovery codes are left.',
  response: z.object({ isEnabled: z.boolean(), recoveryCodesLeft: z.number().int() }),
})

export const enrolTotp = defineRoute({
  method: 'POST',
  path: '/api/auth/totp/enrol',
  policy: 'user',
  stepUp: true,
  summary: 'Make a secret for an authenticator app. Nothing is asked for until it is confirmed.',
  response: z.object({ secret: z.string(), uri: z.string() }),
  errors: ['CONFLICT', 'STEP_UP_REQUIRED'],
})

export const confirmTotp = defineRoute({
  method: 'POST',
  path: '/api/auth/totp/confirm',
  policy: 'user',
  stepUp: true,
  summary: 'Switch two-step sign-in on by a first code. Answers the recovery codes, this once.',
  body: z.object({
    code: z
      .string()
      .trim()
      .regex(/^\d{6}$/, 'Six digits'),
  }),
  response: RecoveryCodes,
  errors: ['CODE_WRONG', 'CONFLICT', 'RATE_LIMITED', 'STEP_UP_REQUIRED'],
})

export const renewRecoveryCodes = defineRoute({
  method: 'POST',
  path: '/api/auth/totp/recovery-codes',
  policy: 'user',
  stepUp: true,
  summary: 'Make new recovery codes; the old ones stop working.',
  response: RecoveryCodes,
  errors: ['CONFLICT', 'STEP_UP_REQUIRED'],
})

export const disableTotp = defineRoute({
  method: 'POST',
  path: '/api/auth/totp/disable',
  policy: 'user',
  stepUp: true,
  summary:
    'Switch two-step sign-in off by a code of it. It stays on while a live account is connected, and for administrators in production.',
  body: z.object({ code: SecondStepCode }),
  response: z.object({}),
  errors: ['CODE_WRONG', 'CONFLICT', 'RATE_LIMITED', 'STEP_UP_REQUIRED', 'TWO_STEP_NEEDED'],
})

import { z } from 'zod'
import { defineRoute } from '../http.ts'

/** In the order in which a new person takes them. */
export const ONBOARDING_STEPS = ['verify-email', 'two-step', 'paper-account', 'rules', 'webhook', 'test-alert'] as const
export type OnboardingStep = (typeof ONBOARDING_STEPS)[number]

/** Each step is looked up anew; nothing but the dismissal is remembered. */
export const OnboardingView = z.object({
  steps: z.array(z.object({ step: z.enum(ONBOARDING_STEPS), done: z.boolean() })),
  dismissed: z.boolean(),
})
export type OnboardingView = z.infer<typeof OnboardingView>

export const getOnboarding = defineRoute({
  method: 'GET',
  path: '/api/onboarding',
  policy: 'user',
  summary: 'How far a new person has come, from the sign-up to a filled paper trade.',
  response: OnboardingView,
})

export const dismissOnboarding = defineRoute({
  method: 'POST',
  path: '/api/onboarding/dismiss',
  policy: 'user',
  summary: 'Put the checklist away, or bring it back.',
  body: z.strictObject({ dismissed: z.boolean() }),
  response: OnboardingView,
})

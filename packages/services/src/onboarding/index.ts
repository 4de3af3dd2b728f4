export { dismissOnboarding, getOnboarding } from './onboarding.ts'

export { checkOpen, type Objection } from './check-open.ts'
export { checkSize } from './check-size.ts'
export { planProtection, type ProtectionPlan } from './plan-protection.ts'

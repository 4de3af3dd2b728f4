export { deriveIntent, type HeldPosition, type Intent } from './derive-intent.ts'

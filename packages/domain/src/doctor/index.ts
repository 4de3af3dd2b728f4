export { diagnose, keyStatusAfter, type Examined } from './diagnose.ts'
export { findingOfRefusal, findingOfSilence, findingOfUnreadable, type Refusal } from './key-refusal.ts'

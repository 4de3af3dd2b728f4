export { diagnose, keyStatusAfter, type Examined } from './diagnose.ts'
export { findingOfRefusal, findingOfSilence, type Refusal } from './key-refusal.ts'

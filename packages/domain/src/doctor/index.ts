export { diagnose, keyStatusAfter, type Examined } from './diagnose.ts'
export { findingOfRefusal, findingOfSameAccount, findingOfSilence, findingOfUnreadable, type Refusal } from './key-refusal.ts'

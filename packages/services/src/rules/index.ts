export { changeAccountRules, resetPeak } from './change-account-rules.ts'
export { getRules } from './get-rules.ts'
export { previewRules } from './preview-rules.ts'

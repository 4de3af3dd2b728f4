export { getCopyability } from './get-copyability.ts'
export { getExample } from './get-example.ts'
export { previewCopies } from './preview-copies.ts'

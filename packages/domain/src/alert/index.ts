export { parseAlert, type ParsedAlert } from './parse-alert.ts'

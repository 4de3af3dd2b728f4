export { readBody as readAlertFields } from './read-body.ts'
export { parseAlert, type ParsedAlert } from './parse-alert.ts'

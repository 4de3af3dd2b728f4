export { listRejected } from './list-rejected.ts'
export { getSignal, listSignals } from './read-signals.ts'

export { listRejected } from './list-rejected.ts'
export { listSignals } from './list-signals.ts'
export { getSignal } from './read-signals.ts'
export { readTrace } from './read-trace.ts'

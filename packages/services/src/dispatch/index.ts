export { expireHolds } from './expire-holds.ts'
export { CLIENT_ORDER_ID, clientOrderId } from './client-order-id.ts'
export { dispatchSignals, type DispatchContext } from './dispatch-signals.ts'

import { WireError } from './errors.ts'
import { keyed, type Route } from './route.ts'

export const listenKeyRoutes: readonly Route[] = [
  keyed('POST /fapi/v1/listenKey', ({ account, listenKeys, nowMs }) => ({ listenKey: listenKeys.take(account.ref, nowMs) })),
  keyed('PUT /fapi/v1/listenKey', ({ account, listenKeys, nowMs }) => {
    const listenKey = listenKeys.renew(account.ref, nowMs)
    if (listenKey === undefined) throw new WireError(-1125, 'This listenKey does not exist.')
    return { listenKey }
  }),
  keyed('DELETE /fapi/v1/listenKey', ({ account, listenKeys }) => {
    listenKeys.drop(account.ref)
    return {}
  }),
]

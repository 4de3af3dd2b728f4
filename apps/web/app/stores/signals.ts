import { routes, type SignalLogEntry, type SignalView } from '@matic/contracts'

export const useSignalsStore = defineStore('signals', () => {
  const api = useApi()
  const latest = createResource(async () =>
    (await api.call(routes.signals.list, { query: { kind: 'signal', limit: 20 } })).filter(isSignal),
  )
  const rejected = createResource(() => api.call(routes.signals.rejected, { query: { limit: 10 } }))

  /** One signal with its raw body. */
  function read(id: string) {
    return api.call(routes.signals.get, { params: { id } })
  }

  return { latest, rejected, read }
})

function isSignal(entry: SignalLogEntry): entry is SignalView {
  return entry.kind === 'signal'
}

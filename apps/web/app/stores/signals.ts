import { routes } from '@matic/contracts'

export const useSignalsStore = defineStore('signals', () => {
  const api = useApi()
  const latest = createResource(() => api.call(routes.signals.list, { query: { limit: 20 } }))
  const rejected = createResource(() => api.call(routes.signals.rejected, { query: { limit: 10 } }))

  /** One signal with its raw body. */
  function read(id: string) {
    return api.call(routes.signals.get, { params: { id } })
  }

  return { latest, rejected, read }
})

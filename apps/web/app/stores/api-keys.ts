import { routes, type ApiKeyView, type KeyExchange, type SharedSymbols } from '@matic/contracts'

export interface KeyInput {
  readonly exchange: KeyExchange
  readonly environment: 'DEMO' | 'LIVE'
  readonly label?: string
  readonly apiKey: string
  readonly secretKey: string
  readonly passphrase?: string
}

/** Exchange accounts with their masked keys and what the last check found. */
export const useApiKeysStore = defineStore('api-keys', () => {
  const api = useApi()
  const exchange = useExchangeStore()
  const list = createResource(() => api.call(routes.accounts.list))
  const addresses = createResource(async () => (await api.call(routes.accounts.serverAddresses)).addresses)
  /** Accounts whose check was asked for here and has not ended. */
  const checking = ref<ReadonlySet<string>>(new Set())

  function put(view: ApiKeyView): void {
    const known = list.data.value ?? []
    const isKnown = known.some(({ id }) => id === view.id)
    list.data.value = isKnown ? known.map((one) => (one.id === view.id ? view : one)) : [...known, view]
    void exchange.accounts.refresh()
  }

  async function addPaper(): Promise<ApiKeyView> {
    const view = await api.call(routes.accounts.addPaper, { body: {} })
    put(view)
    return view
  }

  async function add(input: KeyInput): Promise<ApiKeyView> {
    const view = await api.call(routes.accounts.add, { body: input })
    put(view)
    return view
  }

  async function check(id: string): Promise<ApiKeyView> {
    checking.value = new Set([...checking.value, id])
    try {
      const view = await api.call(routes.accounts.validate, { params: { id } })
      put(view)
      return view
    } finally {
      checking.value = new Set([...checking.value].filter((other) => other !== id))
    }
  }

  async function toggle(id: string, active: boolean): Promise<void> {
    put(await api.call(routes.accounts.toggle, { params: { id }, body: { active } }))
  }

  async function shareSymbols(id: string, sharedSymbols: SharedSymbols): Promise<void> {
    put(await api.call(routes.accounts.share, { params: { id }, body: { sharedSymbols } }))
  }

  async function rename(id: string, label: string): Promise<void> {
    put(await api.call(routes.accounts.rename, { params: { id }, body: { label } }))
  }

  async function remove(id: string): Promise<void> {
    await api.call(routes.accounts.remove, { params: { id } })
    list.data.value = (list.data.value ?? []).filter((one) => one.id !== id)
    void exchange.refreshAll()
  }

  return { list, addresses, checking, addPaper, add, check, toggle, shareSymbols, rename, remove }
})

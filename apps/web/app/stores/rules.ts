import { routes, type RuleField, type RulesPatch } from '@matic/contracts'

/** The rules of the person and of each account. */
export const useRulesStore = defineStore('rules', () => {
  const api = useApi()
  const bot = useBotStore()
  const view = createResource(() => api.call(routes.rules.get))

  async function save(patch: RulesPatch): Promise<void> {
    await api.call(routes.bot.patchSettings, { body: patch })
    void bot.settings.refresh()
    await view.refresh()
  }

  async function saveFor(accountId: string, change: { set: RulesPatch; inherit: RuleField[] }): Promise<void> {
    await api.call(routes.rules.patchAccount, { params: { accountId }, body: change })
    await view.refresh()
  }

  async function resetPeak(accountId: string): Promise<void> {
    await api.call(routes.rules.resetPeak, { params: { accountId } })
    await view.refresh()
  }

  function preview(example: { accountId?: string; symbol: string; direction: 'LONG' | 'SHORT'; equity: string; changes: RulesPatch }) {
    return api.call(routes.rules.preview, { body: example })
  }

  return { view, save, saveFor, resetPeak, preview }
})

import { routes } from '@matic/contracts'

export const useBotStore = defineStore('bot', () => {
  const api = useApi()
  const settings = createResource(() => api.call(routes.bot.getSettings))
  const killSwitch = computed(() => settings.data.value?.killSwitch ?? null)
  const isStopped = computed(() => killSwitch.value !== null && (killSwitch.value.user || killSwitch.value.global))

  async function toggle(enabled: boolean): Promise<void> {
    settings.data.value = await api.call(routes.bot.toggle, { body: { enabled } })
  }

  async function setKillSwitch(input: { engaged: boolean; closePositions?: boolean }): Promise<readonly string[]> {
    const { user, global, closing } = await api.call(routes.bot.killSwitch, { body: input })
    if (settings.data.value !== null) settings.data.value = { ...settings.data.value, killSwitch: { user, global } }
    return closing
  }

  /** The address before it is taken for a day more. */
  async function rotateWebhook(): Promise<string> {
    const { webhookUrl } = await api.call(routes.bot.rotateWebhook, { body: { overlapHours: 24 } })
    await settings.refresh()
    return webhookUrl
  }

  function sendTestAlert(input: { symbol: string; action: 'buy' | 'sell' | 'close' }) {
    return api.call(routes.bot.testAlert, { body: input })
  }

  return { settings, killSwitch, isStopped, toggle, setKillSwitch, rotateWebhook, sendTestAlert }
})

import { routes } from '@matic/contracts'

export const useOnboardingStore = defineStore('onboarding', () => {
  const api = useApi()
  const progress = createResource(() => api.call(routes.onboarding.get))
  const steps = computed(() => progress.data.value?.steps ?? [])
  const doneCount = computed(() => steps.value.filter(({ done }) => done).length)
  const isOver = computed(() => steps.value.length > 0 && doneCount.value === steps.value.length)
  /** Nothing to show before it is known, once it is dismissed, and where everything is done. */
  const isShown = computed(() => progress.data.value !== null && !progress.data.value.dismissed && !isOver.value)

  async function dismiss(dismissed: boolean): Promise<void> {
    progress.data.value = await api.call(routes.onboarding.dismiss, { body: { dismissed } })
  }

  return { progress, steps, doneCount, isOver, isShown, dismiss }
})

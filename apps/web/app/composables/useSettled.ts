const RESTS_MS = 300

/**
 * Asks again whenever what is asked has rested for a moment. Only the newest answer counts; the last good one stays until then.
 * @param asked null: there is nothing to ask
 */
export function useSettled<Asked, Answer>(asked: () => Asked | null, read: (asked: Asked) => Promise<Answer>) {
  const shown = shallowRef<Answer | null>(null)
  const failure = shallowRef<unknown>(null)
  let count = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(): Promise<void> {
    const wanted = asked()
    if (wanted === null) return
    const mine = (count += 1)
    try {
      const answer = await read(wanted)
      if (mine !== count) return
      shown.value = answer
      failure.value = null
    } catch (error) {
      if (mine === count) failure.value = error
    }
  }

  watch(
    () => JSON.stringify(asked()),
    () => {
      clearTimeout(timer)
      timer = setTimeout(ask, RESTS_MS)
    },
    { immediate: true },
  )
  onBeforeUnmount(() => clearTimeout(timer))
  return { shown, failure, ask }
}

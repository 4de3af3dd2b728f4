import type { PriceTicks } from '@matic/contracts'
import { useNow } from '@vueuse/core'

const flushEveryMs = 250
const staleAfterMs = 10_000

/** Newest marks by unified symbol. What arrives is gathered and shown four times a second. */
export const usePricesStore = defineStore('prices', () => {
  const marks = shallowRef<Readonly<Record<string, string>>>({})
  /** The exchange's time of the newest tick, ms. */
  const atMs = ref(0)
  /** Our own time of its arrival, ms. */
  const receivedAtMs = ref(0)
  const now = useNow({ interval: 1_000 })
  const ageMs = computed(() => (receivedAtMs.value === 0 ? null : Math.max(0, now.value.getTime() - receivedAtMs.value)))
  const isStale = computed(() => ageMs.value !== null && ageMs.value > staleAfterMs)

  let waiting: Record<string, string> = {}
  let waitingAtMs = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function take(ticks: PriceTicks): void {
    Object.assign(waiting, ticks.marks)
    waitingAtMs = Math.max(waitingAtMs, ticks.atMs)
    timer ??= setTimeout(flush, flushEveryMs)
  }

  function flush(): void {
    timer = undefined
    marks.value = { ...marks.value, ...waiting }
    atMs.value = waitingAtMs
    receivedAtMs.value = Date.now()
    waiting = {}
  }

  return { marks, atMs, receivedAtMs, now, ageMs, isStale, take }
})

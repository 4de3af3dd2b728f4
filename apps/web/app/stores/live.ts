import type { FactEvent, FactKind } from '@matic/contracts'
import { connectPrices, connectUser, type LiveState, type PricesSocket, type UserSocket } from '@matic/sdk'
import { z } from 'zod'

const OrderNews = z.object({ symbol: z.string(), leg: z.string(), side: z.string(), state: z.string() })
const equityEveryMs = 60_000

/** Keeps every store fresh while the dashboard is open: facts say what to read again, ticks move the prices. */
export const useLiveStore = defineStore('live', () => {
  const auth = useAuthStore()
  const bot = useBotStore()
  const exchange = useExchangeStore()
  const signals = useSignalsStore()
  const markets = useMarketsStore()
  const prices = usePricesStore()
  const announcer = useAnnouncerStore()
  const apiKeys = useApiKeysStore()

  const userState = ref<LiveState>('connecting')
  const pricesState = ref<LiveState>('connecting')
  const state = computed<LiveState>(() => {
    const states = [userState.value, pricesState.value]
    return states.find((each) => each === 'reconnecting') ?? states.find((each) => each === 'connecting') ?? 'connected'
  })

  let user: UserSocket | null = null
  let ticks: PricesSocket | null = null
  let timer: ReturnType<typeof setInterval> | undefined

  const readsByFact: Readonly<Record<FactKind, readonly { refresh(): Promise<void> }[]>> = {
    'signal-received': [signals.latest, bot.settings],
    'alert-rejected': [signals.rejected, bot.settings],
    'signal-decided': [signals.latest],
    'hold-settled': [signals.latest],
    'order-changed': [exchange.positions, exchange.orders, signals.latest],
    'position-changed': [exchange.positions, exchange.balance, exchange.orders, signals.latest],
    'balance-changed': [exchange.balance],
    'trade-closed': [exchange.positions, exchange.balance, exchange.equity],
    'account-changed': [exchange.accounts, exchange.balance, apiKeys.list],
    'settings-changed': [bot.settings],
    'follow-changed': [],
    'opens-stopped': [signals.latest],
    'kill-switch-changed': [bot.settings],
    'protection-late': [exchange.positions],
    'device-seen': [],
    'security-changed': [{ refresh: auth.reload }],
    'note-added': [],
  }

  const listeners = new Set<(fact: FactEvent | null) => void>()

  /** For what only one page reads; null: some facts were missed. @returns stops it */
  function listen(listener: (fact: FactEvent | null) => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  function hear(fact: FactEvent): void {
    for (const resource of readsByFact[fact.kind]) void resource.refresh()
    for (const listener of listeners) listener(fact)
    announce(fact)
  }

  function announce(fact: FactEvent): void {
    if (fact.kind === 'protection-late') announcer.interrupt('A position has no stop yet.')
    if (fact.kind !== 'order-changed') return
    const news = OrderNews.safeParse(fact.payload)
    if (!news.success || news.data.state !== 'FILLED') return
    const { leg, side, symbol } = news.data
    announcer.say(`${LEG_WORDS[leg] ?? leg} filled: ${side} ${shortSymbol(symbol)}.`)
  }

  async function readEverything(): Promise<void> {
    const others = [bot.settings, signals.latest, signals.rejected, markets.list, markets.klines]
    await Promise.all([exchange.refreshAll(), ...others.map((resource) => resource.refresh())])
  }

  function open(): void {
    void readEverything()
    user = connectUser({
      baseUrl: '',
      getAccessToken: () => auth.accessToken,
      onUnauthenticated: () => auth.renew(),
      onFact: hear,
      onGap: () => {
        void readEverything()
        for (const listener of listeners) listener(null)
      },
      onState: (next) => (userState.value = next),
    })
    ticks = connectPrices({ baseUrl: '', onTicks: prices.take, onState: (next) => (pricesState.value = next) })
    timer = setInterval(() => void exchange.equity.refresh(), equityEveryMs)
  }

  function close(): void {
    clearInterval(timer)
    user?.close()
    ticks?.close()
    user = null
    ticks = null
  }

  /** Markets that the page needs prices of beside those of the chosen account. */
  const alsoWatched = shallowRef<readonly string[]>([])
  function watchAlso(symbols: readonly string[]): void {
    alsoWatched.value = symbols
  }
  const watched = () => [
    ...new Set([markets.symbol, ...exchange.livePositions.map(({ position }) => position.symbol), ...alsoWatched.value]),
  ]
  watch(watched, (symbols) => ticks?.subscribe(symbols))
  watch(pricesState, (next) => {
    if (next === 'connected') ticks?.subscribe(watched())
  })

  return { state, open, close, readEverything, listen, watchAlso }
})

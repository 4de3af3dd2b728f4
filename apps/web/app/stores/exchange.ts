import { routes } from '@matic/contracts'
import { Decimal } from 'decimal.js'

const accountKey = 'matic.account'

/** The chosen account and what it holds. */
export const useExchangeStore = defineStore('exchange', () => {
  const api = useApi()
  const prices = usePricesStore()
  const chosenId = ref<string | null>(localStorage.getItem(accountKey))

  const accounts = createResource(() => api.call(routes.exchange.accounts))
  const account = computed(() => {
    const list = accounts.data.value ?? []
    return list.find(({ id }) => id === chosenId.value) ?? list.find(({ isActive }) => isActive) ?? list[0] ?? null
  })
  /** Known to have none: there is nothing to ask for. */
  const hasNone = computed(() => accounts.data.value?.length === 0)
  const isOpening = () => hasNone.value || account.value?.keyStatus === 'OPENING'
  const query = () => (account.value === null ? {} : { accountId: account.value.id })

  const balance = createResource(async () => (isOpening() ? null : api.call(routes.exchange.balance, { query: query() })))
  const positions = createResource(async () => (hasNone.value ? [] : api.call(routes.exchange.positions, { query: query() })))
  const orders = createResource(async () =>
    hasNone.value ? [] : api.call(routes.exchange.orders, { query: { ...query(), state: 'working', limit: 100 } }),
  )
  const equity = createResource(async () =>
    hasNone.value ? [] : api.call(routes.exchange.equity, { query: { ...query(), limit: 2_000 } }),
  )
  const ofAccount = [balance, positions, orders, equity]

  const livePositions = computed(() => (positions.data.value ?? []).map((position) => atMark(position, prices.marks[position.symbol])))
  const unrealizedPnl = computed(() => (positions.data.value === null ? null : totalPnl(livePositions.value)))
  /** Equity as last read, with the open positions moved to the newest marks. */
  const liveEquity = computed(() => {
    const read = balance.data.value
    if (read === null) return null
    return unrealizedPnl.value === null
      ? new Decimal(read.equity)
      : new Decimal(read.equity).minus(read.unrealizedPnl).plus(unrealizedPnl.value)
  })
  const openNotional = computed(() => totalNotional(livePositions.value))

  async function refreshAll(): Promise<void> {
    await accounts.refresh()
    await Promise.all(ofAccount.map((resource) => resource.refresh()))
  }

  async function choose(accountId: string): Promise<void> {
    chosenId.value = accountId
    localStorage.setItem(accountKey, accountId)
    for (const resource of ofAccount) resource.clear()
    await Promise.all(ofAccount.map((resource) => resource.refresh()))
  }

  function closePosition(input: { symbol: string; idempotencyKey: string }) {
    return api.call(routes.exchange.closePosition, { body: { ...query(), ...input } })
  }

  function closePart(id: string, body: { fraction: string; shareId?: string | undefined; idempotencyKey: string }) {
    return api.call(routes.positions.close, { params: { id }, body })
  }

  function reversePosition(id: string, body: { idempotencyKey: string }) {
    return api.call(routes.positions.reverse, { params: { id }, body })
  }

  function setProtection(id: string, body: { stopLoss?: string | null; takeProfit?: string | null; shareId?: string | undefined }) {
    return api.request(routes.positions.setProtection, { params: { id }, body })
  }

  function changeMargin(id: string, body: { amount: string; idempotencyKey: string }) {
    return api.call(routes.positions.changeMargin, { params: { id }, body })
  }

  function cancelOrder(id: string) {
    return api.call(routes.exchange.cancelOrder, { params: { id } })
  }

  return {
    accounts,
    account,
    hasNone,
    balance,
    positions,
    orders,
    equity,
    livePositions,
    unrealizedPnl,
    liveEquity,
    openNotional,
    refreshAll,
    choose,
    closePosition,
    closePart,
    reversePosition,
    setProtection,
    changeMargin,
    cancelOrder,
  }
})

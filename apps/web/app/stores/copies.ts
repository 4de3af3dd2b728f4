import { routes, type FollowView } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** What one follows, and what that holds. */
export const useCopiesStore = defineStore('copies', () => {
  const api = useApi()
  const prices = usePricesStore()
  const list = createResource(() => api.call(routes.follows.list))
  /** Of every account: copies may run on several. */
  const positions = createResource(() => api.call(routes.positions.list))

  const livePositions = computed(() =>
    (positions.data.value ?? [])
      .filter((position) => isHeldByCopy(position, null))
      .map((position) => atMark(position, prices.marks[position.symbol])),
  )
  const positionsOf = (followId: string) => livePositions.value.filter(({ position }) => isHeldByCopy(position, followId))

  /** Of what is open, quote: at the newest marks where every position of it is known, else as last read. */
  function unrealizedOf(follow: FollowView): Decimal {
    const held = positionsOf(follow.id)
    const parts = held.map((live) => pnlOfCopy(live, follow.id))
    const isKnown = held.length === follow.openPositions && parts.every((pnl) => pnl !== null)
    return isKnown ? parts.reduce((sum, pnl) => sum.plus(pnl), new Decimal(0)) : new Decimal(follow.unrealizedPnl)
  }
  const pnlOf = (follow: FollowView): Decimal => unrealizedOf(follow).plus(follow.realizedPnl)

  async function refresh(): Promise<void> {
    await Promise.all([list.refresh(), positions.refresh()])
  }

  function put(view: FollowView): void {
    list.data.value = (list.data.value ?? []).map((one) => (one.id === view.id ? view : one))
  }

  return { list, positions, livePositions, positionsOf, unrealizedOf, pnlOf, refresh, put }
})

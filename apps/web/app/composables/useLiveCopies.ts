/** Keeps copies and the prices of what they hold fresh for as long as a page shows them. */
export function useLiveCopies(also: () => unknown = () => undefined) {
  const copies = useCopiesStore()
  const live = useLiveStore()
  function refresh(): void {
    void copies.refresh()
    also()
  }
  onMounted(refresh)
  useFacts(['signal-decided', 'order-changed', 'position-changed', 'trade-closed', 'follow-changed', 'account-changed'], refresh)
  useEvery(30_000, refresh)
  watch(
    () => [...new Set(copies.livePositions.map(({ position }) => position.symbol))],
    (symbols) => live.watchAlso(symbols),
    { immediate: true },
  )
  onScopeDispose(() => live.watchAlso([]))
  return copies
}

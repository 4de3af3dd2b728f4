import type { FactKind } from '@matic/contracts'

/** Runs whenever one of these was committed, and when some may have been missed, for as long as the page is open. */
export function useFacts(kinds: readonly FactKind[], run: () => void): void {
  const live = useLiveStore()
  onScopeDispose(live.listen((fact) => (fact === null || kinds.includes(fact.kind)) && run()))
}

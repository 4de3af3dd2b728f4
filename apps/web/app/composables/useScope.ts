/** Which accounts a page is about: the chosen one, or all of them with `scope=all` in the address. */
export function useScope() {
  const exchange = useExchangeStore()
  const filters = useUrlFilters(['scope'])
  const isAll = computed(() => filters.valueOf('scope') === 'all')
  return {
    isAll,
    hasSeveral: computed(() => (exchange.accounts.data?.length ?? 0) > 1),
    /** For queries; nothing is every account. */
    query: computed(() => (isAll.value || exchange.account === null ? {} : { accountId: exchange.account.id })),
    set: (all: boolean) => filters.set({ scope: all ? 'all' : undefined }),
  }
}

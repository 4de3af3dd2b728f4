/**
 * What a list is narrowed by, kept in the address so that it can be shared and walked back. A change of any filter goes to the first page;
 * what is empty is left out.
 */
export function useUrlFilters(names: readonly string[]) {
  const route = useRoute()
  const router = useRouter()

  const valueOf = (name: string): string | undefined => {
    const value = route.query[name]
    const first = Array.isArray(value) ? value[0] : value
    return first === null || first === '' ? undefined : first
  }

  function set(changes: Readonly<Record<string, string | undefined>>): void {
    const next: Record<string, string> = {}
    for (const [name, value] of Object.entries({ ...route.query, page: undefined, ...changes })) {
      if (typeof value === 'string' && value !== '') next[name] = value
    }
    void router.replace({ query: next })
  }

  const page = computed({
    get: () => Math.max(1, Math.trunc(Number(valueOf('page'))) || 1),
    set: (value) => set({ page: value === 1 ? undefined : String(value) }),
  })
  const limit = computed({
    get: (): number => PAGE_ROWS.find((rows) => String(rows) === valueOf('rows')) ?? PAGE_ROWS[0],
    set: (value) => set({ rows: value === PAGE_ROWS[0] ? undefined : String(value) }),
  })
  /** Changes when any of them does. */
  const key = computed(() => [...names.map((name) => valueOf(name) ?? ''), page.value, limit.value].join('|'))
  const isNarrowed = computed(() => names.some((name) => valueOf(name) !== undefined))

  return {
    page,
    limit,
    key,
    isNarrowed,
    valueOf,
    set,
    clear: () => set(Object.fromEntries(names.map((name) => [name, undefined]))),
  }
}

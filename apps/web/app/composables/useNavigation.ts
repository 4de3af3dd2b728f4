/** The entries whose pages exist, the one that is open, and how to go. */
export function useNavigation() {
  const router = useRouter()
  const route = useRoute()
  const entries = entriesWithPages(new Set(router.getRoutes().map(({ path }) => path)))
  const { bar, more } = splitForBar(entries)

  return {
    entries,
    bar,
    more,
    isCurrent: (entry: NavEntry): boolean => isEntryCurrent(entry, route.path),
    go: (entry: NavEntry): void => void router.push(entry.to),
  }
}

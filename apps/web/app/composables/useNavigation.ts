/** The entries whose pages exist, the one that is open, and how to go. */
export function useNavigation() {
  const router = useRouter()
  const route = useRoute()
  const auth = useAuthStore()
  const isAdmin = auth.user !== null && auth.user.role !== 'USER'
  const entries = entriesWithPages(new Set(router.getRoutes().map(({ path }) => path)), isAdmin)
  const { bar, more } = splitForBar(entries)

  return {
    entries,
    bar,
    more,
    isCurrent: (entry: NavEntry): boolean => isEntryCurrent(entry, route.path),
    go: (entry: NavEntry): void => void router.push(entry.to),
  }
}

export interface NavEntry {
  readonly label: string
  readonly icon: string
  readonly to: string
  /** Pressed after `g`, it goes there. */
  readonly key: string
  /** Shown to administrators alone. */
  readonly forAdmins?: true
}

/** Every place of the dashboard, most used first. An entry is shown once its page exists. */
export const NAVIGATION: readonly NavEntry[] = [
  { label: 'Overview', icon: 'i-lucide-layout-dashboard', to: '/', key: 'o' },
  { label: 'Positions', icon: 'i-lucide-layers', to: '/positions', key: 'p' },
  { label: 'Signals', icon: 'i-lucide-radio', to: '/signals', key: 's' },
  { label: 'Orders', icon: 'i-lucide-list-ordered', to: '/orders', key: 'd' },
  { label: 'Trades', icon: 'i-lucide-arrow-left-right', to: '/trades', key: 't' },
  { label: 'Portfolio', icon: 'i-lucide-chart-line', to: '/portfolio', key: 'f' },
  { label: 'Copy', icon: 'i-lucide-users', to: '/copy', key: 'c' },
  { label: 'Copies', icon: 'i-lucide-copy-check', to: '/copies', key: 'm' },
  { label: 'Lead', icon: 'i-lucide-megaphone', to: '/lead', key: 'l' },
  { label: 'Webhook', icon: 'i-lucide-webhook', to: '/webhook', key: 'w' },
  { label: 'Rules', icon: 'i-lucide-sliders-horizontal', to: '/rules', key: 'r' },
  { label: 'Accounts', icon: 'i-lucide-key-round', to: '/accounts', key: 'a' },
  { label: 'Activity', icon: 'i-lucide-scroll-text', to: '/activity', key: 'y' },
  { label: 'Admin', icon: 'i-lucide-shield', to: '/admin', key: 'x', forAdmins: true },
  { label: 'Settings', icon: 'i-lucide-settings', to: '/settings/profile', key: 'e' },
]

/** How many entries the bar at the bottom of a phone holds beside "More". */
const BAR_ENTRIES = 4

export function entriesWithPages(paths: ReadonlySet<string>, isAdmin: boolean): readonly NavEntry[] {
  return NAVIGATION.filter(({ to, forAdmins }) => paths.has(to) && (isAdmin || forAdmins !== true))
}

export function splitForBar(entries: readonly NavEntry[]): { readonly bar: readonly NavEntry[]; readonly more: readonly NavEntry[] } {
  return { bar: entries.slice(0, BAR_ENTRIES), more: entries.slice(BAR_ENTRIES) }
}

/** Is the page at `path` part of what the entry leads to? Settings stay lit on every page of theirs. */
export function isEntryCurrent({ to }: NavEntry, path: string): boolean {
  if (to === '/') return path === '/'
  const room = to.split('/')[1]
  return path.split('/')[1] === room
}

/** The pages of the settings, in the order of their tabs. A tab is shown once its page exists. */
export const SETTINGS_PAGES = [
  { to: '/settings/profile', label: 'Profile', icon: 'i-lucide-user-round' },
  { to: '/settings/security', label: 'Security', icon: 'i-lucide-shield-check' },
] as const

/** A word, a sign and a colour for each level: never the colour alone. */
export const LEVEL_WORDS = {
  INFO: { word: 'Info', icon: 'i-lucide-info', colour: 'text-muted' },
  SUCCESS: { word: 'Success', icon: 'i-lucide-circle-check', colour: 'text-success' },
  WARNING: { word: 'Warning', icon: 'i-lucide-triangle-alert', colour: 'text-warning' },
  ERROR: { word: 'Error', icon: 'i-lucide-octagon-x', colour: 'text-error' },
  TELEGRAM: { word: 'Telegram', icon: 'i-lucide-send', colour: 'text-info' },
} as const

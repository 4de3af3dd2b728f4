import type { BreakerState, BreakerView } from '@matic/contracts'

interface BreakerStateWords {
  readonly word: string
  readonly means: string
  readonly icon: string
  readonly color: 'error' | 'warning'
}

export const BREAKER_WORDS: Record<BreakerState, BreakerStateWords> = {
  OPEN: { word: 'Stopped', means: 'Nothing opens for a while.', icon: 'i-lucide-octagon-x', color: 'error' },
  HALF_OPEN: {
    word: 'On trial',
    means: 'Openings pass again; the first five answers decide whether they stop for longer.',
    icon: 'i-lucide-circle-dot-dashed',
    color: 'warning',
  },
}

export function breakerWhy({ accepted, refused }: BreakerView): string {
  const answered = accepted + refused
  const share = answered === 0 ? 0 : Math.round((100 * refused) / answered)
  return `${refused} of ${answered} openings were refused (${share} %).`
}

interface Placed {
  readonly reasonText: string | null
  readonly orders: readonly { readonly submittedAt: string | null }[]
}

interface PlacedWords {
  readonly isRefused: boolean
  readonly description: string
  readonly icon: string
  readonly color?: 'warning'
}

/**
 * What became of an order by hand by the time it was answered. While no worker runs it waits, and nobody is told that it was sent.
 * @param sent what to say where it was
 */
export function placedWords({ reasonText, orders }: Placed, sent: string): PlacedWords {
  if (orders.length === 0 && reasonText !== null)
    return { isRefused: true, description: reasonText, icon: 'i-lucide-triangle-alert', color: 'warning' }
  if (orders.some(({ submittedAt }) => submittedAt !== null)) return { isRefused: false, description: sent, icon: 'i-lucide-check' }
  const waits = 'Accepted, but not sent yet: it goes as soon as it can. Nothing is lost, and nothing needs to be done again.'
  return { isRefused: false, description: waits, icon: 'i-lucide-hourglass', color: 'warning' }
}

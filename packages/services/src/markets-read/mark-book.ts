import type { Bus } from '@matic/platform'

export interface Mark {
  readonly price: string
  readonly atMs: number
}

/** The newest mark prices as workers publish them. */
export interface MarkBook {
  find(exchange: string, symbol: string): Mark | undefined
}

export function createMarkBook({ bus }: { bus: Pick<Bus, 'subscribe' | 'onGap'> }): MarkBook {
  const exchanges = new Map<string, Map<string, Mark>>()
  bus.subscribe('prices', ({ exchange, atMs, marks }) => {
    const book = exchanges.get(exchange) ?? new Map<string, Mark>()
    exchanges.set(exchange, book)
    for (const [symbol, price] of Object.entries(marks)) book.set(symbol, { price, atMs })
  })
  bus.onGap(() => exchanges.clear())
  return { find: (exchange, symbol) => exchanges.get(exchange)?.get(symbol) }
}

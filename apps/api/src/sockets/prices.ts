import type { PricesClientEvents, PricesServerEvents } from '@matic/contracts'
import { HOME_EXCHANGE } from '@matic/services/markets-read/index'
import type { Namespace, Server, Socket } from 'socket.io'
import type { ApiContext } from '../context.ts'

type PricesSocket = Socket<PricesClientEvents, PricesServerEvents>
type PricesNamespace = Namespace<PricesClientEvents, PricesServerEvents>

const SYMBOLS_MAX = 50
const SYMBOL = /^[A-Z0-9]{1,20}\/[A-Z0-9]{1,10}(:[A-Z0-9]{1,10})?$/
const SUBSCRIPTIONS_PER_SECOND = 20

/** /prices: marks of the symbols somebody looks at, four times a second at most. A tick that cannot be delivered at once is dropped. */
export function servePrices({ ctx, io }: { ctx: ApiContext; io: Server }): () => void {
  const prices: PricesNamespace = io.of('/prices')
  const waiting = new Map<string, string>()
  let atMs = 0
  let timer: NodeJS.Timeout | undefined

  prices.on('connection', (socket: PricesSocket) => {
    let changes = 0
    let second = 0
    socket.on('subscribe', (symbols: unknown) => {
      const now = Math.floor(ctx.clock.monotonic() / 1000)
      changes = now === second ? changes + 1 : 1
      second = now
      if (changes > SUBSCRIPTIONS_PER_SECOND) return void socket.disconnect(true)
      subscribe(socket, symbols)
    })
  })

  function subscribe(socket: PricesSocket, asked: unknown): void {
    if (!Array.isArray(asked)) return
    const symbols = new Set(
      asked.filter((symbol): symbol is string => typeof symbol === 'string' && SYMBOL.test(symbol)).slice(0, SYMBOLS_MAX),
    )
    for (const room of socket.rooms) if (room !== socket.id && !symbols.has(room)) void socket.leave(room)
    const marks: Record<string, string> = {}
    let newestMs = 0
    for (const symbol of symbols) {
      void socket.join(symbol)
      const mark = ctx.marks.find(HOME_EXCHANGE, symbol)
      if (!mark) continue
      marks[symbol] = mark.price
      newestMs = Math.max(newestMs, mark.atMs)
    }
    if (newestMs > 0) socket.emit('ticks', { atMs: newestMs, marks })
  }

  function flush(): void {
    timer = undefined
    for (const [symbol, price] of waiting) {
      if (prices.adapter.rooms.has(symbol)) prices.to(symbol).volatile.emit('ticks', { atMs, marks: { [symbol]: price } })
    }
    waiting.clear()
  }

  const stop = ctx.bus.subscribe('prices', (message) => {
    if (message.exchange !== HOME_EXCHANGE) return
    atMs = message.atMs
    for (const [symbol, price] of Object.entries(message.marks)) waiting.set(symbol, price)
    timer ??= setTimeout(flush, ctx.timings.priceTickMs)
  })
  return () => {
    stop()
    clearTimeout(timer)
  }
}

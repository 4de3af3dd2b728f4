/** How far an exchange's clock is from ours, as last measured. */
export interface MeasuredClock {
  /** Exchange minus our process, ms. */
  readonly offsetMs: number
  readonly errorMs: number
  /** Database minus our process, ms. */
  readonly databaseOffsetMs: number
}

export interface ExchangeClocks {
  set(exchange: string, clock: MeasuredClock): void
  get(exchange: string): MeasuredClock | undefined
  /** Database time in the exchange's clock. Unmeasured counts as equal. */
  toExchangeMs(exchange: string, databaseMs: number): number
}

export function createExchangeClocks(): ExchangeClocks {
  const clocks = new Map<string, MeasuredClock>()
  return {
    set: (exchange, clock) => void clocks.set(exchange, clock),
    get: (exchange) => clocks.get(exchange),
    toExchangeMs(exchange, databaseMs) {
      const clock = clocks.get(exchange)
      return Math.round(databaseMs + (clock ? clock.offsetMs - clock.databaseOffsetMs : 0))
    },
  }
}

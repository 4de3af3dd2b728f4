/** Pauses opens of an exchange that asked to slow down. Closes and protection go on. Times in database ms. */
export interface OpensCircuit {
  pause(exchange: string, untilMs: number): void
  pausedUntilMs(exchange: string): number
}

export function createOpensCircuit(): OpensCircuit {
  const until = new Map<string, number>()
  return {
    pause: (exchange, untilMs) => void until.set(exchange, Math.max(until.get(exchange) ?? 0, untilMs)),
    pausedUntilMs: (exchange) => until.get(exchange) ?? 0,
  }
}

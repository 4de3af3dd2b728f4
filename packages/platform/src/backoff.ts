/** Waiting times that double from `firstMs` to `mostMs`, and start again after a success. */
export interface Backoff {
  nextMs(): number
  reset(): void
}

export function createBackoff({ firstMs, mostMs }: { firstMs: number; mostMs: number }): Backoff {
  let failures = 0
  return {
    nextMs() {
      failures += 1
      return Math.min(firstMs * 2 ** (failures - 1), mostMs)
    },
    reset() {
      failures = 0
    },
  }
}

import { AppError } from '@matic/contracts'

/** So many requests of one person are worked on at a time, the others wait: nobody takes the connections of everybody. For one process. */
export interface Turns {
  /** @throws AppError RATE_LIMITED where too many wait already */
  take<Result>(userId: string, work: () => Promise<Result>): Promise<Result>
}

interface Place {
  running: number
  readonly waiting: (() => void)[]
}

export function createTurns({ atOnce, waitingMax }: { readonly atOnce: number; readonly waitingMax: number }): Turns {
  const places = new Map<string, Place>()

  async function enter(place: Place): Promise<void> {
    if (place.running < atOnce) {
      place.running += 1
      return
    }
    if (place.waiting.length >= waitingMax)
      throw new AppError('RATE_LIMITED', 'Too many requests at once. Wait a little and try again.', { details: { retryAfterSeconds: 1 } })
    await new Promise<void>((resolve) => place.waiting.push(resolve))
  }

  /** Whoever waits longest takes the turn over. */
  function leave(userId: string, place: Place): void {
    const next = place.waiting.shift()
    if (next) return next()
    place.running -= 1
    if (place.running === 0) places.delete(userId)
  }

  return {
    async take(userId, work) {
      const place = places.get(userId) ?? { running: 0, waiting: [] }
      places.set(userId, place)
      await enter(place)
      try {
        return await work()
      } finally {
        leave(userId, place)
      }
    },
  }
}

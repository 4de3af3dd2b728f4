import type { Bus } from '@matic/platform'

/** Where a call waits for something that another process does. Hearing nothing costs one look at the database. */
export interface AnswerDesk {
  /** Listens for the answer of one exchange request; start before the row is committed. */
  watchRequest(id: string): Watch
  /** Listens for any committed fact. */
  watchFacts(): Watch
}

export interface Watch extends Disposable {
  /** Resolves when something was heard since the last time, at the latest after `ms`. */
  next(ms: number): Promise<void>
}

export function createAnswerDesk({ bus }: { bus: Pick<Bus, 'subscribe'> }): AnswerDesk {
  const requests = new Map<string, () => void>()
  const facts = new Set<() => void>()
  bus.subscribe('answers', ({ ids }) => {
    for (const id of ids) requests.get(id)?.()
  })
  bus.subscribe('facts', () => {
    for (const wake of facts) wake()
  })

  return {
    watchRequest(id) {
      const { watch, wake } = createWatch(() => requests.delete(id))
      requests.set(id, wake)
      return watch
    },
    watchFacts() {
      const { watch, wake } = createWatch(() => facts.delete(wake))
      facts.add(wake)
      return watch
    },
  }
}

function createWatch(forget: () => void): { watch: Watch; wake: () => void } {
  let heard = false
  let waiting: (() => void) | undefined
  const wake = (): void => {
    heard = true
    waiting?.()
  }
  const next = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        waiting = undefined
        heard = false
        resolve()
      }
      const timer = setTimeout(done, ms)
      waiting = done
      if (heard) done()
    })
  return { wake, watch: { next, [Symbol.dispose]: () => void forget() } }
}

/** Answers many callers with one piece of work: whoever comes while it runs shares the next one. No waiting for company. */
export interface Batcher<Item, Result> {
  add(item: Item): Promise<Result>
}

/**
 * @param work answers in the order of the items. When it throws for several items each is tried alone, so that one bad item
 * does not fail its neighbours.
 * @param ready awaited before each batch; who comes meanwhile belongs to it
 */
export function createBatcher<Item, Result>(
  limit: number,
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  ready?: () => Promise<unknown> | undefined,
): Batcher<Item, Result> {
  interface Waiting {
    item: Item
    resolve: (result: Result) => void
    reject: (error: unknown) => void
  }
  const queue: Waiting[] = []
  let running = false

  const settle = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const results = await work(batch.map((waiting) => waiting.item))
      batch.forEach((waiting, index) => {
        const result = results[index]
        if (result === undefined) waiting.reject(new Error('A batch left an item unanswered'))
        else waiting.resolve(result)
      })
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error)
      else for (const waiting of batch) await settle([waiting])
    }
  }

  const pump = async (): Promise<void> => {
    while (queue.length > 0) {
      await ready?.()
      await settle(queue.splice(0, limit))
    }
    running = false
  }

  return {
    add(item) {
      return new Promise<Result>((resolve, reject) => {
        queue.push({ item, resolve, reject })
        if (running) return
        running = true
        queueMicrotask(() => void pump())
      })
    },
  }
}

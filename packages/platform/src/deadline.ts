/** Rejects when the work takes longer; the work itself is not stopped. */
export async function withDeadline<T>(work: Promise<T>, deadlineMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${deadlineMs} ms`)), deadlineMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A sleep that `wake()` ends early. */
export function createSleeper() {
  let end: (() => void) | undefined
  return {
    sleep(ms: number): Promise<void> {
      return new Promise((resolve) => {
        const timer = setTimeout(done, ms)
        end = done
        function done() {
          clearTimeout(timer)
          end = undefined
          resolve()
        }
      })
    },
    wake: () => end?.(),
  }
}

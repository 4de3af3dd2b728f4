import { isApiError, type ApiError } from '@matic/sdk'

export interface Resource<T> {
  /** The last good reading; stays while newer ones fail. */
  readonly data: Ref<T | null>
  /** Why the newest reading failed. */
  readonly error: Ref<ApiError | null>
  /** Reads again. Calls that come during a reading become one more reading after it. */
  refresh(): Promise<void>
  clear(): void
}

const restMs = 120

/** Something of the API kept fresh: one reading at a time, none missed, never older data over newer. */
export function createResource<T>(read: () => Promise<T>): Resource<T> {
  const data = shallowRef<T | null>(null) as Ref<T | null>
  const error = shallowRef<ApiError | null>(null)
  let generation = 0
  let running: Promise<void> | null = null
  let again = false

  async function once(): Promise<void> {
    const mine = generation
    try {
      const value = await read()
      if (mine !== generation) return
      data.value = value
      error.value = null
    } catch (failure) {
      if (!isApiError(failure)) throw failure
      if (mine === generation) error.value = failure
    }
  }

  async function untilQuiet(): Promise<void> {
    do {
      again = false
      await once()
      if (again) await new Promise((resolve) => setTimeout(resolve, restMs))
    } while (again)
  }

  return {
    data,
    error,
    refresh() {
      if (running !== null) {
        again = true
        return running
      }
      running = untilQuiet().finally(() => {
        running = null
      })
      return running
    },
    clear() {
      generation += 1
      again = running !== null
      data.value = null
      error.value = null
    },
  }
}

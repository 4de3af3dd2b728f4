import { AsyncLocalStorage } from 'node:async_hooks'

/** Carries the request id through everything that one request awaits. */
export interface RequestScope {
  run<T>(requestId: string, work: () => T): T
  requestId(): string | undefined
}

export function createRequestScope(): RequestScope {
  const storage = new AsyncLocalStorage<string>()
  return {
    run: (requestId, work) => storage.run(requestId, work),
    requestId: () => storage.getStore(),
  }
}

import { flushCompileCache } from 'node:module'

/**
 * Node keeps what it compiled where NODE_COMPILE_CACHE says, and the next start takes a third of the time. It would write that when it
 * exits in good order; called once a process is up, a killed one leaves it behind too.
 */
export function keepCompiledCode(): void {
  flushCompileCache()
}

import { withDeadline } from './deadline.ts'
import type { Logger } from './logger.ts'

/** A part of a process with a beginning and an end. */
export interface Component {
  name: string
  start(): Promise<void>
  stop(): Promise<void>
}

export interface Lifecycle {
  /** In order. When one fails, those already started are stopped and the failure is thrown. */
  start(): Promise<void>
  /** In reverse. A part that fails or hangs does not keep the others from stopping. */
  stop(): Promise<void>
}

export interface LifecycleOptions {
  components: readonly Component[]
  logger: Logger
  /** For one part to stop. */
  stopDeadlineMs?: number
}

export function createLifecycle({ components, logger, stopDeadlineMs = 10_000 }: LifecycleOptions): Lifecycle {
  const started: Component[] = []

  async function stop(): Promise<void> {
    for (let part = started.pop(); part; part = started.pop()) {
      try {
        await withDeadline(part.stop(), stopDeadlineMs, `stopping ${part.name}`)
      } catch (err) {
        logger.error({ err, component: part.name }, 'a part did not stop cleanly')
      }
    }
  }

  async function start(): Promise<void> {
    for (const part of components) {
      try {
        await part.start()
        started.push(part)
        logger.debug({ component: part.name }, 'started')
      } catch (err) {
        logger.error({ err, component: part.name }, 'a part did not start')
        await stop()
        throw err
      }
    }
  }

  return { start, stop }
}

/** Resolves with the first SIGINT or SIGTERM; a second one ends the process at once. */
export function waitForShutdownSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const asked = (signal: NodeJS.Signals) => {
      for (const name of signals) {
        process.off(name, asked)
        process.once(name, () => process.exit(130))
      }
      resolve(signal)
    }
    for (const name of signals) process.on(name, asked)
  })
}

const signals = ['SIGINT', 'SIGTERM'] as const

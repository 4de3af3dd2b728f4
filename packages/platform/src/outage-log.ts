import type { Logger } from './logger.ts'

/** One line when something stops working, one when it works again, none in between. */
export interface OutageLog {
  failed(err: unknown): void
  recovered(): void
}

export function createOutageLog(logger: Logger, what: string): OutageLog {
  let failures = 0
  return {
    failed(err) {
      failures += 1
      if (failures === 1) logger.warn({ err }, `${what} is not reachable, trying again`)
    },
    recovered() {
      if (failures > 0) logger.info({ failures }, `${what} is reachable again`)
      failures = 0
    },
  }
}

import type { BusChannel, BusMessage, DoorbellKind } from '@matic/contracts'
import type { Db } from '@matic/db'
import type { Clock, Logger, Random, Timings } from '@matic/platform'

/** What every verb may use. Built once per process in its context.ts. */
export interface ServiceContext {
  readonly db: Db
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly timings: Timings
  /** Time-ordered random id for a new row. */
  readonly newId: () => string
  /** Wake whoever does this kind of work. Losing it costs at most one sweep. */
  readonly doorbell: { ring(kind: DoorbellKind): void }
  readonly bus: { publish<C extends BusChannel>(channel: C, message: BusMessage<C>): void }
}

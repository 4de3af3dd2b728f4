/** What the door and the way to the exchange should reach, each against a baseline measured in the same run. */
export const TARGETS = {
  /** Durable acks a second over bare node:http + one INSERT; at least. */
  ackThroughputOverBareInsert: 1.0,
  /** Durable acks a second over Express + Prisma + BullMQ; at least. */
  ackThroughputOverOrdinary: 8,
  /** Ack p99 at half of our own saturation over the bare server's p50; at most. */
  ackP99AtHalfOverBareP50: 4,
  ackP99AtHalfMs: 50,
  /** Alert → order receipt p99 over the ordinary way's, at the highest rate both sustain; at most. */
  receiptP99OverOrdinary: 0.2,
} as const

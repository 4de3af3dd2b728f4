import type { OrderView, TraceStep } from '@matic/contracts'

interface Timeline {
  readonly receivedAt: Date
  readonly committedAt: Date
  readonly decidedAt: Date | null
  readonly orders: readonly OrderView[]
}

/** A signal's way in time. Each step at the moment it first happened; `ended` where all its orders are over and none was filled. */
export function buildSteps({ receivedAt, committedAt, decidedAt, orders }: Timeline): TraceStep[] {
  const own = orders.filter((order) => order.leg !== 'stop' && order.leg !== 'target')
  const over = own.length > 0 && own.every((order) => order.endedAt !== null && order.filledAt === null)
  const moments: readonly [TraceStep['step'], string | undefined][] = [
    ['received', receivedAt.toISOString()],
    ['stored', committedAt.toISOString()],
    ['decided', decidedAt?.toISOString()],
    ['sent', earliest(own.map((order) => order.submittedAt))],
    ['acknowledged', earliest(own.map((order) => order.ackedAt))],
    ['filled', earliest(own.map((order) => order.filledAt))],
    ['protected', earliest(own.map((order) => order.protectedAt))],
    ['ended', over ? latest(own.map((order) => order.endedAt)) : undefined],
  ]
  return moments.flatMap(([step, at]) => (at === undefined ? [] : [{ step, at, ms: Math.max(0, Date.parse(at) - receivedAt.getTime()) }]))
}

function earliest(moments: readonly (string | null)[]): string | undefined {
  return known(moments).at(0)
}

function latest(moments: readonly (string | null)[]): string | undefined {
  return known(moments).at(-1)
}

/** ISO times in UTC sort as text. */
function known(moments: readonly (string | null)[]): string[] {
  return moments.filter((at) => at !== null).toSorted()
}

import { TIMELINE_POINTS, type Timeline, type TimelinePoint } from '@matic/contracts'

/** Epoch ms of each moment that is known. */
export type Moments = { readonly received: number } & { readonly [P in Exclude<TimelinePoint, 'received'>]?: number | null | undefined }

/**
 * Spans from each known moment to the next, adding up to the whole exactly. Two clocks take part (the api's and the database's): a moment
 * that seems to lie before the one it follows took no time.
 */
export function buildTimeline(moments: Moments): Timeline {
  const startedMs = Math.floor(moments.received)
  let atMs = 0
  const spans = TIMELINE_POINTS.flatMap((point) => {
    const moment = moments[point]
    if (point === 'received' || moment === null || moment === undefined) return []
    const startMs = atMs
    atMs = Math.max(startMs, Math.floor(moment) - startedMs)
    return [{ point, startMs, ms: atMs - startMs }]
  })
  return { startedAtMs: startedMs, totalMs: atMs, spans }
}

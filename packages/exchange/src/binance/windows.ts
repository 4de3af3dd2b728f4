const WEEK_MS = 7 * 86_400_000
/** Older fills are not told any more. */
const HISTORY_MS = 180 * 86_400_000

export interface Window {
  readonly startTime: number
  /** Included. The last window has none: a start alone reaches a week on. */
  readonly endTime?: number
}

/** A question about fills spans a week at most, so a longer time is asked about week by week, oldest first. Epoch ms. */
export function windowsOf(sinceMs: number, nowMs: number): Window[] {
  const windows: Window[] = []
  let startTime = Math.floor(Math.max(sinceMs, nowMs - HISTORY_MS, 0))
  for (; startTime + WEEK_MS <= nowMs; startTime += WEEK_MS) windows.push({ startTime, endTime: startTime + WEEK_MS - 1 })
  return [...windows, { startTime }]
}

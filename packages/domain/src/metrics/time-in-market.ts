import { Exact } from './exact.ts'
import type { Decimal } from 'decimal.js'

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Percent of the window in which at least one span lasted; null for a window without length. */
export function timeInMarketPercent(spans: readonly Span[], window: Span): Decimal | null {
  const length = window.toMs - window.fromMs
  if (length <= 0) return null
  let covered = 0
  let reachedMs = window.fromMs
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const fromMs = Math.max(span.fromMs, reachedMs)
    const toMs = Math.min(span.toMs, window.toMs)
    if (toMs <= fromMs) continue
    covered += toMs - fromMs
    reachedMs = toMs
  }
  return new Exact(covered).mul(100).div(length)
}

/**
 * Moments between two commits at which a test may let the process die. K15: a mirrored change is written and not committed. K16: a private stream has said
 * something and nobody knows yet.
 */
export type CrashPoint = 'K5' | 'K6' | 'K7' | 'K8' | 'K9' | 'K10' | 'K15' | 'K16'

export interface CrashPoints {
  /** Does nothing outside tests. */
  pass(point: CrashPoint): void
}

export const noCrashPoints: CrashPoints = { pass: () => undefined }

/** @param die ends the process at once, as SIGKILL does */
export function createCrashPoint(wanted: CrashPoint, die: () => void): CrashPoints {
  return {
    pass(point) {
      if (point === wanted) die()
    },
  }
}

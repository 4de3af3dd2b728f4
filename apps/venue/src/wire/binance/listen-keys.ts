import type { VenueState } from '../../engine/state.ts'

const LIFETIME_MS = 60 * 60_000

/** One an account, whichever of its keys asks, for an hour; in memory alone, so that a new process knows none. */
export interface ListenKeys {
  /** The one there is, for another hour, or a new one. */
  take(ref: string, nowMs: number): string
  /** Another hour; undefined where there is none. */
  renew(ref: string, nowMs: number): string | undefined
  drop(ref: string): string | undefined
  ownerOf(listenKey: string): string | undefined
  /** Those whose hour is over: they are none any more. */
  expire(nowMs: number): readonly { ref: string; listenKey: string }[]
}

export function createListenKeys({ state, newKey }: { state: VenueState; newKey: () => string }): ListenKeys {
  const byRef = new Map<string, { listenKey: string; untilMs: number }>()
  const owners = new Map<string, string>()

  function forget(ref: string): string | undefined {
    const listenKey = byRef.get(ref)?.listenKey
    if (listenKey !== undefined) owners.delete(listenKey)
    byRef.delete(ref)
    state.heard.delete(ref)
    return listenKey
  }

  return {
    take(ref, nowMs) {
      const listenKey = byRef.get(ref)?.listenKey ?? newKey()
      byRef.set(ref, { listenKey, untilMs: nowMs + LIFETIME_MS })
      owners.set(listenKey, ref)
      state.heard.add(ref)
      return listenKey
    },
    renew(ref, nowMs) {
      const known = byRef.get(ref)
      if (known !== undefined) known.untilMs = nowMs + LIFETIME_MS
      return known?.listenKey
    },
    drop: forget,
    ownerOf: (listenKey) => owners.get(listenKey),
    expire(nowMs) {
      const over = [...byRef].filter(([, { untilMs }]) => untilMs <= nowMs)
      for (const [ref] of over) forget(ref)
      return over.map(([ref, { listenKey }]) => ({ ref, listenKey }))
    },
  }
}

import type { CandleStore } from '../../engine/candles.ts'
import type { Account } from '../../engine/state.ts'
import type { Exchange } from '../../exchange.ts'
import type { ListenKeys } from './listen-keys.ts'
import type { Params } from './request.ts'

/** What the faults of this one request change about how it is executed. */
export interface Twists {
  readonly split: { readonly parts: number; readonly spacingMs: number } | undefined
  /** Lookups do not see what was accepted within this time. */
  readonly lookupLagMs: number
}

export interface RouteContext {
  readonly exchange: Exchange
  readonly candles: CandleStore
  readonly params: Params
  /** The exchange's clock at this request. */
  readonly nowMs: number
  readonly twists: Twists
}

export interface SignedContext extends RouteContext {
  readonly account: Account
}

/** Named by its key alone: what it asks is no secret and moves nothing. */
export interface KeyedContext {
  readonly account: Account
  readonly listenKeys: ListenKeys
  /** The exchange's clock at this request. */
  readonly nowMs: number
}

export type Route =
  | { readonly key: string; readonly access: 'key'; readonly handle: (context: KeyedContext) => unknown }
  | { readonly key: string; readonly access: 'open'; readonly handle: (context: RouteContext) => unknown }
  | { readonly key: string; readonly access: 'signed'; readonly handle: (context: SignedContext) => unknown }

export function open(key: string, handle: (context: RouteContext) => unknown): Route {
  return { key, access: 'open', handle }
}

export function signed(key: string, handle: (context: SignedContext) => unknown): Route {
  return { key, access: 'signed', handle }
}

export function keyed(key: string, handle: (context: KeyedContext) => unknown): Route {
  return { key, access: 'key', handle }
}

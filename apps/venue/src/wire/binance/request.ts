import { findMarket, type Market } from '../../engine/markets.ts'
import { invalidSymbol, invalidValue, missing } from './errors.ts'

export interface WireRequest {
  readonly method: string
  readonly path: string
  /** As sent, without the question mark. */
  readonly query: string
  /** As sent. */
  readonly body: string
  readonly apiKey: string | undefined
  readonly params: ReadonlyMap<string, string>
}

export function readParams(query: string, body: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>()
  for (const text of [query, body]) {
    if (text === '') continue
    for (const [name, value] of new URLSearchParams(text)) params.set(name, value)
  }
  return params
}

/** Typed reading of one request's parameters; what is wrong with them is answered as the real exchange does. */
export interface Params {
  text(name: string): string
  optional(name: string): string | undefined
  integer(name: string): number | undefined
  flag(name: string): boolean
  market(): Market
  optionalMarket(): Market | undefined
  /** One of the given words. */
  word<T extends string>(name: string, words: readonly T[], problem?: () => Error): T
}

export function paramsOf(given: ReadonlyMap<string, string>): Params {
  const optional = (name: string): string | undefined => {
    const value = given.get(name)
    return value === undefined || value === '' ? undefined : value
  }
  const text = (name: string): string => {
    const value = optional(name)
    if (value === undefined) throw missing(name)
    return value
  }
  const market = (): Market => {
    const found = findMarket(text('symbol'))
    if (found === undefined) throw invalidSymbol()
    return found
  }
  return {
    text,
    optional,
    integer(name) {
      const value = optional(name)
      if (value === undefined) return undefined
      if (!/^\d{1,16}$/.test(value)) throw invalidValue(name)
      return Number(value)
    },
    flag(name) {
      const value = optional(name)?.toLowerCase()
      if (value !== undefined && value !== 'true' && value !== 'false') throw invalidValue(name)
      return value === 'true'
    },
    market,
    optionalMarket: () => (optional('symbol') === undefined ? undefined : market()),
    word(name, words, problem) {
      const value = text(name)
      const found = words.find((one) => one === value)
      if (found === undefined) throw problem === undefined ? invalidValue(name) : problem()
      return found
    },
  }
}

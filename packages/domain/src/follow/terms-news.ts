import type { BindingTerms, FollowState, TermsNews } from '@matic/contracts'

interface Follower {
  readonly state: FollowState
  /** Null: as the leader. */
  readonly leverage: number | null
  /** What the follow says, else the account's rules. */
  readonly marginMode: 'cross' | 'isolated'
}

/** What changed of what binds a follower, and how they stood to it. Null where nothing is different. */
export function termsNews({ from, to, follower }: { from: BindingTerms; to: BindingTerms; follower: Follower }): TermsNews | null {
  const state = from.state === to.state ? {} : { stateFrom: from.state, stateTo: to.state }
  const [before, now] = [from.forced, to.forced]
  const forced = {
    ...(before.maxLeverage === now.maxLeverage
      ? {}
      : { leverageFrom: before.maxLeverage, leverageTo: now.maxLeverage, ownLeverage: follower.leverage }),
    ...(before.marginMode === now.marginMode
      ? {}
      : { marginFrom: before.marginMode, marginTo: now.marginMode, ownMargin: follower.marginMode }),
    ...symbolsNews(before.symbols, now.symbols),
  }
  const isForcedOtherwise = Object.keys(forced).length > 0
  if (!isForcedOtherwise && Object.keys(state).length === 0) return null
  return { warns: isForcedOtherwise || to.state !== 'PUBLISHED', followState: follower.state, ...state, ...forced }
}

/** Whether anything that binds followers is different. */
export function isBindingChange(from: BindingTerms, to: BindingTerms): boolean {
  return termsNews({ from, to, follower: { state: 'ACTIVE', leverage: null, marginMode: 'cross' } }) !== null
}

function symbolsNews(before: readonly string[], now: readonly string[]): Partial<TermsNews> {
  const [gone, added] = [before.filter((one) => !now.includes(one)), now.filter((one) => !before.includes(one))]
  if (gone.length === 0 && added.length === 0) return {}
  // What is different comes first, so that it is among those that are named.
  const kept = now.filter((one) => before.includes(one))
  const [from, to] = [named([...gone, ...kept]), named([...added, ...kept])]
  return { symbolsFrom: from.names, symbolsFromMore: from.more, symbolsTo: to.names, symbolsToMore: to.more }
}

const NAMED_MAX = 6
/** A leader writes these, and others read them: what is no symbol is counted only. */
const SYMBOL = /^[A-Za-z0-9]{1,15}([/:-][A-Za-z0-9]{1,15}){0,2}(\.P)?$/

function named(symbols: readonly string[]): { readonly names: string; readonly more: number } {
  const shown = symbols.filter((one) => SYMBOL.test(one)).slice(0, NAMED_MAX)
  return { names: shown.map((one) => one.split(':')[0]).join(', '), more: symbols.length - shown.length }
}

import type { ReasonCode } from '@matic/contracts'
import type { Decision, DecisionInput } from '../decide/types.ts'
import { isSameSymbol, type DecisionMarket } from '../symbols/resolve-market.ts'
import type { FollowTerms } from './types.ts'

interface Opening {
  readonly input: DecisionInput
  readonly terms: FollowTerms
  readonly market: DecisionMarket
}

/** What the follow itself has against opening; the rules of the account come after. */
export function objectionOf({ input, terms, market }: Opening): { reason: ReasonCode; numbers: Decision['numbers'] } | null {
  const { symbol } = market
  const { settings, forced } = terms
  if (terms.state === 'PAUSED') return { reason: 'FOLLOW_PAUSED', numbers: {} }
  if (terms.state === 'CLOSE_ONLY') return { reason: 'FOLLOW_CLOSE_ONLY', numbers: {} }
  if (terms.strategyState !== 'PUBLISHED') return { reason: 'STRATEGY_PAUSED', numbers: {} }
  const isIn = (symbols: readonly string[]) => symbols.some((one) => isSameSymbol(one, symbol))
  if (forced.symbols.length > 0 && !isIn(forced.symbols)) return { reason: 'STRATEGY_SYMBOLS', numbers: { symbol } }
  if (settings.allowedSymbols.length > 0 && !isIn(settings.allowedSymbols)) return { reason: 'FOLLOW_SYMBOLS', numbers: { symbol } }
  if (isIn(settings.blockedSymbols)) return { reason: 'SYMBOL_BLACKLISTED', numbers: { symbol, list: 'this follow' } }
  const { maxPositions, coolDownMinutes } = settings
  const own = [...input.positions, ...input.pendingOpens].filter((one) => one.routeId === input.route.id && one.symbol !== symbol)
  const open = new Set(own.map((one) => one.symbol)).size
  if (maxPositions !== null && open >= maxPositions) return { reason: 'MAX_POSITIONS', numbers: { open, limit: maxPositions } }
  const agoMs = terms.lastLossMs === null ? null : input.nowMs - terms.lastLossMs
  if (agoMs !== null && agoMs < coolDownMinutes * 60_000) {
    const numbers = { after: 'loss', agoMinutes: Math.max(0, Math.floor(agoMs / 6_000) / 10), limitMinutes: coolDownMinutes }
    return { reason: 'COOL_DOWN', numbers }
  }
  return null
}

import { Decimal } from 'decimal.js'
import type { DecisionSettings } from '../decide/types.ts'
import type { FollowTerms } from './types.ts'

/** The rules of the follower's account, narrowed by what the follow and its strategy say. Nothing gets wider; the size is settled elsewhere. */
export function copiedSettings(own: DecisionSettings, { settings, forced }: FollowTerms): DecisionSettings {
  const chosen = settings.marginMode === 'own' ? own.marginMode : settings.marginMode
  return {
    ...own,
    sizingMode: 'alert',
    maxLeverage: Math.min(own.maxLeverage, forced.maxLeverage ?? own.maxLeverage),
    marginMode: forced.marginMode ?? chosen,
    maxSignalAgeSeconds: Math.min(own.maxSignalAgeSeconds, settings.maxSignalAgeSeconds),
    maxSlippagePercent: narrower(own.maxSlippagePercent, settings.entrySlippagePercent),
    maxNotional: narrower(own.maxNotional, settings.maxOrderQuote),
  }
}

function narrower(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return Decimal.min(one, other).toFixed()
}

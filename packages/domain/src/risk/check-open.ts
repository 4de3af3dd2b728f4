import type { ReasonCode, ReasonNumbers } from '@matic/contracts'
import type { DecisionInput } from '../decide/types.ts'
import { checkLosses } from './check-losses.ts'
import { isSameSymbol, type Resolved } from '../symbols/resolve-market.ts'

export interface Objection {
  readonly reason: ReasonCode
  readonly numbers: ReasonNumbers
}

/** The first rule that stops an open, before its size is known. What was ordered by hand is not the bot's. */
export function checkOpen(input: DecisionInput, { market, isSpotTicker }: Resolved): Objection | undefined {
  const { settings, account, route } = input
  const { symbol } = market
  if (input.killSwitch) return no('KILL_SWITCH')
  if (!input.entitled) return no('NOT_ENTITLED')
  if (!settings.isEnabled && route.sourceKind !== 'MANUAL') return no('BOT_DISABLED')
  if (!account.isActive || account.keyStatus !== 'VALID')
    return no('ACCOUNT_NOT_READY', { status: account.isActive ? account.keyStatus : 'switched off' })
  if (!account.certified) return no('VENUE_NOT_CERTIFIED', { exchange: account.exchange })

  if (input.overtaken) return no('SUPERSEDED', { symbol })
  const outOfOrder = checkChain(input)
  if (outOfOrder !== undefined) return outOfOrder
  const ageSeconds = Math.round((input.nowMs - signalBornMs(input)) / 1_000)
  if (ageSeconds > settings.maxSignalAgeSeconds) return no('SIGNAL_TOO_OLD', { ageSeconds, limitSeconds: settings.maxSignalAgeSeconds })

  const broken = checkLosses(settings, input.result) ?? checkCoolDown(input)
  if (broken !== undefined) return broken

  if (isSpotTicker && !settings.spotTickerToPerp) return no('SPOT_TICKER_REFUSED', { ticker: input.alert.ticker })
  if (market.status !== 'TRADING') return no('SYMBOL_HALTED', { symbol })
  const listed = (symbols: readonly string[]) => symbols.some((one) => isSameSymbol(one, symbol))
  if (settings.allowedSymbols.length > 0 && !listed(settings.allowedSymbols)) return no('SYMBOL_NOT_ALLOWED', { symbol })
  if (listed(settings.blacklistedSymbols)) return no('SYMBOL_BLACKLISTED', { symbol, list: 'the account’s rules' })

  const holders = [...input.positions, ...input.pendingOpens].filter((holder) => holder.symbol === symbol)
  const isOthers = (routeId: string | null) => routeId !== route.id && (routeId !== null || route.sourceKind === 'FOLLOW')
  const other = holders.find(({ routeId }) => isOthers(routeId))
  if (other !== undefined) return no('SYMBOL_OWNED', { symbol, owner: other.owner ?? 'another source' })

  const busy = new Set([...input.positions, ...input.pendingOpens].map((holder) => holder.symbol))
  busy.delete(symbol)
  if (busy.size >= settings.maxPositions) return no('MAX_POSITIONS', { open: busy.size, limit: settings.maxPositions })
  return undefined
}

/** What its place in the sender's chain of positions has against opening, or taking a part off. */
export function checkChain({ chain }: DecisionInput): Objection | undefined {
  if (chain === null) return undefined
  if (chain.verdict === 'late') return no('CHAIN_LATE')
  return no('CHAIN_HELD', { missingFrom: chain.missingFrom, missingTo: chain.missingTo })
}

function checkCoolDown({ settings, lastLoss, nowMs }: DecisionInput): Objection | undefined {
  if (settings.coolDownMinutes === 0 || lastLoss === null) return undefined
  const agoMs = nowMs - lastLoss.atMs
  if (agoMs >= settings.coolDownMinutes * 60_000) return undefined
  const agoMinutes = Math.max(0, Math.floor(agoMs / 6_000) / 10)
  return no('COOL_DOWN', { after: settings.coolDownAfter, agoMinutes, limitMinutes: settings.coolDownMinutes })
}

/** When the alert fired, where it says so and that is believable; else when it came in. Epoch ms. */
export function signalBornMs({ alert, signal }: Pick<DecisionInput, 'alert' | 'signal'>): number {
  return alert.alertAtMs === null ? signal.receivedAtMs : Math.min(alert.alertAtMs, signal.receivedAtMs)
}

function no(reason: ReasonCode, numbers: ReasonNumbers = {}): Objection {
  return { reason, numbers }
}

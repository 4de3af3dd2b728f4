import type { Alert, ReasonCode } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { refuse } from '../decide/build.ts'
import { decide } from '../decide/decide.ts'
import type { Decision, DecisionInput } from '../decide/types.ts'
import type { HeldPosition } from '../intent/derive-intent.ts'
import { resolveMarket, type DecisionMarket } from '../symbols/resolve-market.ts'
import { bareOrder, closeOf, mirrored } from './copied-alert.ts'
import { copyProtection } from './copy-protection.ts'
import { copiedSettings } from './copied-settings.ts'
import { copyTopUp } from './copy-top-up.ts'
import { detachedFrom } from './detached.ts'
import { fitGathered, fitOrder } from './fit-order.ts'
import { forget, gather, gatheredFor, gatherLess, wasFlat } from './gather.ts'
import { heldBy, leaderMove, type LeaderMove } from './leader-move.ts'
import { objectionOf } from './objection-of.ts'
import { copySize } from './size-copy.ts'
import { oneSide } from './one-side.ts'
import type { FollowTerms, LeaderBook } from './types.ts'

interface Copy {
  /** The follower's, under the rules and settings that hold for this follow. */
  readonly input: DecisionInput
  readonly terms: FollowTerms
  readonly leader: LeaderBook
  readonly market: DecisionMarket
  /** What this follow holds of the market. */
  readonly held: HeldPosition | null
  /** The leader's, or its mirror image. */
  readonly alert: Alert
  readonly move: LeaderMove
}

/**
 * What a follow makes of its leader's signal: the leader's move in the follower's size, decided as every other signal is. Only what this
 * follow opened is reduced or closed. Pure.
 * @param whole the follower's account and own rules, with the leader's alert
 */
export function decideFollow(whole: DecisionInput, terms: FollowTerms, leader: LeaderBook): Decision {
  if (terms.state === 'STOPPED') return refuse('SKIPPED', 'none', 'FOLLOW_STOPPED', null, {})
  const alert = terms.settings.direction === 'reverse' ? mirrored(whole.alert) : whole.alert
  const all = { ...whole, alert: { ...alert, accountId: null }, settings: copiedSettings(whole.settings, terms) }
  if (alert.action === 'close-all') return forget(terms, null, decide(all))
  if (alert.action === 'cancel') return decide(all)
  const resolved = resolveMarket(alert.ticker, whole.markets)
  if (resolved === null) return decide(all)
  const { market } = resolved
  const { symbol } = market
  if (alert.shareRouteId !== null) return refuse('SKIPPED', 'none', 'LEADER_OTHER_SHARE', symbol, { symbol })
  if (alert.action === 'protect') return copyProtection(whole, terms, market)
  if (alert.topUp) return copyTopUp({ input: all, terms, leader, market })
  const given = oneSide(all, symbol)
  if (given === null) return refuse('SKIPPED', 'none', 'LEADER_HEDGES', symbol, { symbol })
  if (alert.marketPosition === 'flat') return forget(terms, symbol, decide({ ...given, alert: closeOf(given.alert, null) }))
  if (saysClose(alert)) return forget(terms, symbol, decide({ ...given, alert: bareOrder(given.alert, given.alert) }))
  const held = heldBy(given, symbol, (routeId) => routeId === given.route.id)
  const move = leaderMove(whole.alert, leader, symbol)
  const copy = { input: given, terms, leader, market, held, alert: given.alert, move }
  switch (move.intent.kind) {
    case 'none':
      return refuse('SKIPPED', 'none', move.intent.reason ?? 'ALREADY_AT_TARGET', market.symbol, { symbol: market.symbol, side: null })
    case 'close':
      return forget(terms, symbol, decide({ ...given, alert: closeOf(given.alert, hedgeSide(copy)) }))
    case 'reduce':
      return gatherLess(terms, symbol, reduction(move), copyReduction(copy))
    default: {
      const decision = copyOpening(copy)
      return decision.gathered === undefined && gatheredSoFar(copy).isZero() ? forget(terms, symbol, decision) : decision
    }
  }
}

/** A close is one whatever is known of the leader. */
function saysClose({ action }: Alert): boolean {
  return action === 'close' || action === 'close-long' || action === 'close-short'
}

function hedgeSide({ input, held }: Copy): 'LONG' | 'SHORT' | null {
  return input.account.positionMode === 'HEDGE' ? (held?.side ?? null) : null
}

/** The part that the leader takes off theirs goes off what the follower has; where all of it goes, the remainder goes with it. */
function copyReduction(copy: Copy): Decision {
  const { input, alert, market, held, move } = copy
  const { symbol } = market
  if (held === null) return refuse('SKIPPED', 'reduce', 'NOTHING_TO_REDUCE', symbol, { symbol, side: copiedSide(copy) })
  const fraction = reduction(move)
  if (fraction === null || fraction.lte(0)) return refuse('BLOCKED', 'reduce', 'LEADER_SIZE_UNKNOWN', symbol, {})
  if (fraction.gte(1)) return decide({ ...input, alert: closeOf(alert, hedgeSide(copy)) })
  const { action } = closeOf(alert, hedgeSide(copy))
  const quantity = fraction.mul(100).toDecimalPlaces(16, Decimal.ROUND_DOWN).toFixed()
  return decide({ ...input, alert: bareOrder(alert, { action, quantity, quantityUnit: 'percent-of-position' }) })
}

/** The part that the leader takes off theirs; null where it is not to be known. */
function reduction({ intent: { reduceFraction, quantityBase }, heldBase }: LeaderMove): Decimal | null {
  return reduceFraction ?? (quantityBase === null || !heldBase?.gt(0) ? null : quantityBase.div(heldBase))
}

function gatheredSoFar(copy: Copy): Decimal {
  const { input, terms, leader, market, move } = copy
  const before = input.alert.previousMarketPosition
  return gatheredFor(terms, { symbol: market.symbol, side: copiedSide(copy), move, wasFlat: wasFlat(before, leader) })
}

function copyOpening(copy: Copy): Decision {
  const { input, terms, leader, market, held, alert, move } = copy
  const { symbol } = market
  const { kind } = move.intent
  const side = copiedSide(copy)
  const no = (reason: ReasonCode, numbers: Decision['numbers'] = {}) => closeAnyway(copy, reason, numbers)
  const detached = held === null ? detachedFrom({ terms, leader, alert: input.alert, move, symbol, side }) : null
  if (detached !== null) return no('FOLLOW_DETACHED', { symbol, side, cause: detached.cause })
  const gathered = gatheredSoFar(copy)
  if (kind === 'add' && held?.side !== side && (held !== null || gathered.isZero())) return no('FOLLOW_NOT_IN', { symbol })
  if (kind !== 'add' && held?.side === side) return refuse('SKIPPED', kind, 'ALREADY_AT_TARGET', symbol, { symbol, side })

  const objection = objectionOf({ input, terms, market })
  if (objection !== null) return no(objection.reason, objection.numbers)
  if (terms.settings.direction === 'reverse' && alert.orderType === 'limit') return no('REVERSE_LIMIT', { symbol })
  if (input.route.listensTo === 'MANUAL' && leader.decision !== null && leader.decision.outcome !== 'ORDERS')
    return no('LEADER_REFUSED', { leaderReason: leader.decision.reason })

  const mark = input.markOf(symbol)
  const size =
    kind === 'add' && move.heldBase?.gt(0) && move.changeBase !== null
      ? grown(gathered.add(held?.quantityBase ?? 0), move.heldBase, move.changeBase)
      : copySize({
          sizing: terms.settings.sizing,
          leaderBase: move.changeBase,
          leaderEquity: leader.equity === null ? null : new Decimal(leader.equity),
          equity: new Decimal(input.funds?.equity ?? 0),
          price: mark === null ? null : new Decimal(mark),
        })
  if (!size.ok) return no(size.reason, size.numbers)
  const asked = bareOrder(alert, { action: side === 'LONG' ? 'buy' : 'sell', quantity: plain(size.quantity), quantityUnit: size.unit })
  const leverage = terms.settings.leverage ?? leaderLeverage(copy)
  const own = terms.settings.protection === 'own' || (kind === 'add' && setByHand(copy))
  const order = {
    ...asked,
    leverage: leverage === null ? null : String(leverage),
    ...(own ? { stopLoss: null, takeProfit: null, stopLossPercent: null, takeProfitPercent: null, targets: [], trailing: null } : {}),
  }
  const fitting = { input: { ...input, alert: order }, market, settings: terms.settings }
  const accumulates = terms.settings.belowMinimum === 'accumulate'
  const { decision, kept } = accumulates ? fitGathered(fitting, gathered) : { decision: fitOrder(fitting), kept: null }
  const sized = { ...decision, numbers: { ...size.numbers, ...decision.numbers } }
  return kept === null ? sized : gather({ symbol, side, base: kept }, sized)
}

/** What waits to be ordered is part of the position that grows. */
function grown(heldBase: Decimal, leaderHeld: Decimal, leaderAdds: Decimal) {
  const ratio = leaderAdds.div(leaderHeld)
  const numbers = { leaderHeldBase: leaderHeld.toFixed(), leaderBase: leaderAdds.toFixed(), grownBy: ratio.toDecimalPlaces(8).toFixed() }
  return { ok: true as const, quantity: heldBase.mul(ratio), unit: 'base' as const, numbers }
}

/** A stop that the follower moved stays where it is, whatever is added. */
function setByHand({ input, market }: Copy): boolean {
  return input.positions.some((one) => one.symbol === market.symbol && one.routeId === input.route.id && one.ownProtection === true)
}

/** The side that the follower's position is to have. */
function copiedSide({ terms, move }: Pick<Copy, 'terms' | 'move'>): 'LONG' | 'SHORT' {
  const isLong = (move.intent.direction ?? 'LONG') === 'LONG'
  return isLong === (terms.settings.direction === 'normal') ? 'LONG' : 'SHORT'
}

/** The leader has left the other side: that is followed even where the new side may not be opened. */
function closeAnyway(copy: Copy, reason: ReasonCode, numbers: Decision['numbers']): Decision {
  const { input, market, held, alert, move } = copy
  const { kind } = move.intent
  if (held === null || held.side === copiedSide(copy)) return refuse('BLOCKED', kind, reason, market.symbol, numbers)
  const closed = decide({ ...input, alert: closeOf(alert, hedgeSide(copy)) })
  return closed.outcome === 'ORDERS' ? { ...closed, intent: 'reverse', reason, numbers: { ...closed.numbers, ...numbers } } : closed
}

function leaderLeverage({ alert, leader, market }: Copy): number | string | null {
  const ordered = leader.decision?.orders.find((order) => order.leg === 'open' && order.symbol === market.symbol)
  return ordered?.leverage ?? alert.leverage
}

function plain(quantity: Decimal): string {
  return quantity.toDecimalPlaces(18, Decimal.ROUND_DOWN).toFixed()
}

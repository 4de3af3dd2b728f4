import { LIQUIDATION_FEE } from './fees.ts'
import { fillOrder, forgetBands } from './fills.ts'
import { abs, type Fixed, floorTo, max, min, ONE, times } from './fixed.ts'
import { post } from './ledger.ts'
import { closeAlgo, closeOrder, enterOrder } from './lifecycle.ts'
import { accountRisk, type AccountRisk, type Marks, type PositionRisk } from './margin.ts'
import { marketOf } from './markets.ts'
import { tellAccount } from './news.ts'
import { createOrder } from './orders.ts'
import type { Account, Position, VenueState } from './state.ts'

/** Half of all there is to lose: beyond it a band says nothing. */
const WIDEST_BAND = ONE / 2n

/** True while no mark has left the range in which this account cannot be liquidated. */
export function isSafe(account: Account, symbol: string, mark: Fixed): boolean {
  for (const suffix of ['', ':LONG', ':SHORT']) {
    const position = account.positions.get(symbol + suffix)
    if (position === undefined || position.quantity === 0n) continue
    if (position.safe === undefined || mark <= position.safe.low || mark >= position.safe.high) return false
  }
  return true
}

/** Takes over whatever its margin no longer carries; answers whether anything was. */
export function liquidateIfNeeded(state: VenueState, account: Account, marks: Marks, at: number): boolean {
  let any = false
  for (;;) {
    const risk = accountRisk(account, marks)
    const isolated = risk.positions.find((one) => one.isolated && one.position.isolatedWallet + one.unrealized <= one.maintenance)
    if (isolated !== undefined) {
      takeOver(state, account, isolated, isolated.position.isolatedWallet, at)
      any = true
      continue
    }
    const cross = risk.positions.filter((one) => !one.isolated)
    const worst = cross.toSorted((a, b) => Number(b.maintenance - a.maintenance))[0]
    if (worst !== undefined && risk.crossWallet + risk.crossUnrealized <= risk.crossMaintenance) {
      cancelWorking(state, account, at)
      const others = risk.crossUnrealized - worst.unrealized
      takeOver(state, account, worst, risk.crossWallet + min(0n, others), at)
      any = true
      continue
    }
    drawBands(account, risk)
    return any
  }
}

/** Closes at the mark, charges the clearance fee as far as `margin` goes, and lets the insurance fund carry the rest. */
function takeOver(state: VenueState, account: Account, risk: PositionRisk, margin: Fixed, at: number): void {
  const { position, mark } = risk
  const market = marketOf(position.symbol)
  const price = max(floorTo(mark, market.tickSize), market.tickSize)
  const size = abs(position.quantity)
  const order = createOrder(state, account, {
    symbol: position.symbol,
    side: position.quantity > 0n ? 'SELL' : 'BUY',
    positionSide: position.side,
    type: 'LIMIT',
    origType: 'LIQUIDATION',
    timeInForce: 'IOC',
    reduceOnly: true,
    clientOrderId: `autoclose-${at}${state.nextOrderId}`,
    quantity: size,
    price,
    at,
  })
  enterOrder(state, account, order)
  const before = account.wallet
  fillOrder(state, account, order, { quantity: size, price, maker: false, at })
  const left = margin + (account.wallet - before)
  const fee = max(0n, min(times(times(size, price), LIQUIDATION_FEE), left))
  const clear = left < 0n ? -left : -fee
  post(state, account, { type: 'INSURANCE_CLEAR', amount: clear, symbol: position.symbol, tradeId: order.tradeIds[0] ?? 0, at })
  tellAccount(state, account, { reason: 'INSURANCE_CLEAR', change: clear, positions: [position], at })
  cancelTriggers(state, account, position, at)
}

function cancelWorking(state: VenueState, account: Account, at: number): void {
  for (const order of [...account.openOrders.values()]) closeOrder(state, account, order, 'CANCELED', at)
}

/** Triggers that only close what was just taken over go with it. */
function cancelTriggers(state: VenueState, account: Account, position: Position, at: number): void {
  for (const algo of [...account.openAlgos.values()]) {
    if (algo.symbol === position.symbol && algo.positionSide === position.side && algo.reduceOnly)
      closeAlgo(state, account, algo, 'EXPIRED', at)
  }
}

/**
 * While no price moves by more than slack ÷ (2 × notional), losses and the growth of the maintenance margin (its rate
 * is at most one half) stay below the slack.
 */
function drawBands(account: Account, risk: AccountRisk): void {
  forgetBands(account)
  const cross = risk.positions.filter((one) => !one.isolated)
  const notional = cross.reduce((sum, one) => sum + abs(one.notional), 0n)
  const share = bandShare(risk.crossWallet + risk.crossUnrealized - risk.crossMaintenance, notional)
  for (const one of cross) setBand(one, share)
  for (const one of risk.positions) {
    if (one.isolated) setBand(one, bandShare(one.position.isolatedWallet + one.unrealized - one.maintenance, abs(one.notional)))
  }
}

function bandShare(slack: Fixed, notional: Fixed): Fixed {
  return notional === 0n ? WIDEST_BAND : min(WIDEST_BAND, (slack * ONE) / (notional * 2n))
}

function setBand({ position, mark }: PositionRisk, share: Fixed): void {
  position.safe = { low: mark - times(mark, share), high: mark + times(mark, share) }
}

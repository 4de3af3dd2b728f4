import {
  AppError,
  BLANK_ALERT,
  reasonText,
  type Alert,
  type PositionDirection,
  type Rules,
  type RulesPatch,
  type RulesPreview,
} from '@matic/contracts'
import type { Db } from '@matic/db'
import {
  decide,
  effectiveRules,
  indexMarkets,
  planAtEntry,
  protectionPrices,
  resolveMarket,
  targetQuantities,
  type Decision,
  type DecisionMarket,
  type PlannedOrder,
} from '@matic/domain'
import { Decimal } from 'decimal.js'
import { loadRanges, type RangeOf } from '../markets/ranges.ts'
import { getRules } from './get-rules.ts'
import { refuseProblems } from './refuse-problems.ts'

interface Example {
  readonly userId: string
  readonly accountId: string | undefined
  readonly symbol: string
  readonly direction: PositionDirection
  /** Quote. */
  readonly equity: string
  /** Not saved yet. */
  readonly changes: RulesPatch
}

interface Scene {
  readonly rules: Rules
  readonly exchange: string
  readonly markets: readonly DecisionMarket[]
  readonly markOf: (symbol: string) => string | null
  readonly rangeOf: RangeOf
}

/** Where prices come from when no account is named. */
const HOME_EXCHANGE = 'PAPER'

/**
 * A worked example: what the very decision makes of an open at the current price on an account with nothing else in it.
 * @throws AppError ACCOUNT_NOT_FOUND; VALIDATION_FAILED when the changes make no sense
 */
export async function previewRules({ db, input }: { db: Db; input: Example }): Promise<RulesPreview> {
  const scene = await loadScene(db, input)
  const decision = decide(exampleInput(input, scene))
  const order = decision.orders.find(({ leg }) => leg === 'open')
  const market = resolveMarket(input.symbol, indexMarkets(scene.markets))?.market
  const number = (name: string) => {
    const value = decision.numbers[name]
    return value === undefined || value === null ? null : String(value)
  }
  const leverage = number('leverage')
  const asked = number('asked')
  return {
    symbol: market?.symbol ?? input.symbol,
    direction: input.direction,
    price: market === undefined ? null : plainText(scene.markOf(market.symbol)),
    equityQuote: input.equity,
    reason: decision.reason,
    text: decision.reason && reasonText(decision.reason, decision.numbers),
    quantityBase: number('quantityBase'),
    notionalQuote: number('notionalQuote'),
    marginQuote: number('marginQuote'),
    leverage: leverage === null ? null : Number(leverage),
    leverageAsked: asked === null ? null : Number(asked),
    rangeQuote: number('rangeQuote'),
    ...(order === undefined || market === undefined ? NOTHING : protectionOf({ order, market, decision, input })),
  }
}

const NOTHING: Pick<RulesPreview, 'stop' | 'targets' | 'breakEven' | 'trailing'> = {
  stop: null,
  targets: [],
  breakEven: null,
  trailing: null,
}

async function loadScene(db: Db, { userId, accountId, changes }: Example): Promise<Scene> {
  const { rules: own, accounts } = await getRules({ db, input: { userId } })
  const account = accounts.find((one) => one.accountId === accountId)
  if (accountId !== undefined && account === undefined) throw new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
  const rules = effectiveRules(account?.effective ?? own, withoutHoles(changes))
  refuseProblems(rules)
  const exchange = account?.exchange ?? HOME_EXCHANGE
  const rows = await db.query<DecisionMarket & { markPrice: string | null }>(
    `SELECT symbol, market_id AS "marketId", base, quote, tick_size AS "tickSize", step_size AS "stepSize", min_quantity AS "minQuantity",
            max_quantity AS "maxQuantity", min_notional AS "minNotional", max_leverage AS "maxLeverage", status, mark_price AS "markPrice"
       FROM market WHERE exchange = $1`,
    [exchange],
  )
  const marks = new Map(rows.map((row) => [row.symbol, row.markPrice]))
  const ranges = await loadRanges(db, [exchange])
  return { rules, exchange, markets: rows, markOf: (symbol) => marks.get(symbol) ?? null, rangeOf: ranges.get(exchange) ?? (() => null) }
}

function exampleInput(input: Example, { rules, exchange, markets, markOf, rangeOf }: Scene): Parameters<typeof decide>[0] {
  const action = input.direction === 'LONG' ? 'buy' : 'sell'
  const alert: Alert = { ...BLANK_ALERT, dialect: 'example', ticker: input.symbol, action }
  return {
    signal: { id: 'example', source: 'WEBHOOK', receivedAtMs: 0 },
    alert,
    route: { id: 'example', sourceKind: 'WEBHOOK' },
    account: {
      exchange,
      environment: 'PAPER',
      isActive: true,
      keyStatus: 'VALID',
      certified: true,
      trailing: 'percent',
      positionMode: 'ONE_WAY',
    },
    settings: { ...rules, isEnabled: true },
    funds: { equity: input.equity, available: input.equity },
    result: null,
    lastLoss: null,
    positions: [],
    pendingOpens: [],
    markets: indexMarkets(markets),
    markOf,
    rangeOf,
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: 0,
  }
}

interface Planned {
  readonly order: PlannedOrder
  readonly market: DecisionMarket
  readonly decision: Decision
  readonly input: Example
}

/** Stop, targets and trailing as they would be if it filled at the price. */
function protectionOf({ order, market, decision, input }: Planned): Pick<RulesPreview, 'stop' | 'targets' | 'breakEven' | 'trailing'> {
  const price = new Decimal(String(decision.numbers['price']))
  const quantity = new Decimal(order.quantityBase ?? 0)
  const entry = { side: input.direction, entryPrice: price, tickSize: new Decimal(market.tickSize) }
  const decimal = (text: string | null) => (text === null ? null : new Decimal(text))
  const wish = {
    stopPrice: null,
    targetPrice: null,
    stopFraction: decimal(order.stopFraction),
    targetFraction: decimal(order.targetFraction),
  }
  const { stopPrice, targetPrice } = protectionPrices({ ...entry, wish })
  const plan = order.plan && planAtEntry(order.plan, entry)
  const several = plan?.targets ?? []
  const shares = targetQuantities({
    positionBase: quantity,
    open: several.map(({ share }, index) => ({ level: index + 1, share })),
    sharesOfAll: several.reduce((sum, { share }) => sum.add(share), new Decimal(0)),
    stepBase: new Decimal(market.stepSize),
    minQuantityBase: new Decimal(market.minQuantity),
  })
  const target = (at: Decimal, base: Decimal) => ({
    price: at.toFixed(),
    quantityBase: base.toFixed(),
    profitQuote: money(at.sub(price).abs().mul(base)),
  })
  const before = several.flatMap(({ price: at }, index) => {
    const base = shares.get(index + 1)
    return base === undefined ? [] : [target(new Decimal(at), base)]
  })
  const left = before.reduce((rest, { quantityBase }) => rest.sub(quantityBase), quantity)
  const loss = stopPrice && price.sub(stopPrice).abs().mul(quantity)
  return {
    stop: stopPrice && loss && { price: stopPrice.toFixed(), lossQuote: money(loss), lossPercent: money(loss.div(input.equity).mul(100)) },
    targets: targetPrice === null ? before : [...before, target(targetPrice, left)],
    breakEven: plan?.breakEven ?? null,
    trailing: plan?.trailing ?? null,
  }
}

function withoutHoles(changes: RulesPatch): Partial<Rules> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
}

function plainText(numeric: string | null): string | null {
  return numeric === null ? null : new Decimal(numeric).toFixed()
}

function money(amount: Decimal): string {
  return amount.toDecimalPlaces(2).toFixed()
}

import type { NewFact, Transaction } from '@matic/db'
import { buildShares, buildTrades, netQuantity } from '@matic/domain'
import type { BuiltTrade, TradeFill } from '@matic/domain'
import type { ExchangeFill } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'

/** BOTH is all of a market; a hedged account has two sides, with trades of their own. */
export interface MarketSide {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
}

export interface BookedFills {
  readonly facts: NewFact[]
  /** What the fills say is held, signed base: long above zero. */
  readonly netBase: Decimal
  /** Of this side since it was last flat. */
  readonly fills: readonly TradeFill[]
}

/**
 * Books what the exchange executed on one side of a market, each trade id once, and rebuilds the trades it touches.
 * @param forced exchange order ids of what the exchange took by itself
 * @param fundedAt of funding that trades do not know of yet
 */
export async function bookFills(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  market: MarketSide,
  fills: readonly ExchangeFill[],
  { forced = new Set(), fundedAt }: { forced?: ReadonlySet<string>; fundedAt?: Date | undefined } = {},
): Promise<BookedFills> {
  const executedAt = await insertFills(tx, ctx, lane, market, fills, forced)
  const earliest = executedAt === undefined || (fundedAt !== undefined && fundedAt < executedAt) ? fundedAt : executedAt
  await linkTriggered(tx, lane, market)
  const fromAt = await rebuildFrom(tx, lane, market, earliest)
  const own = await loadFills(tx, lane, market, fromAt)
  const facts =
    earliest === undefined
      ? []
      : await saveTrades(tx, ctx, lane, market, fromAt, await tradesOf(tx, ctx, lane, market, { fills: own, fromAt }))
  return { facts, netBase: netQuantity(own), fills: own }
}

/** Flat to flat of the position; where routes share symbols, of each share. */
async function tradesOf(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  { symbol, positionSide }: MarketSide,
  { fills, fromAt }: { fills: readonly TradeFill[]; fromAt: Date },
): Promise<TradeToSave[]> {
  const rows = await tx.query<{ nets: boolean; handRouteId: string; unexplainedBase: string | null }>(
    `SELECT a.shared_symbols = 'net' AS nets, hand_route(a.id) AS "handRouteId", p.unexplained_base AS "unexplainedBase"
       FROM account a LEFT JOIN position p ON p.account_id = a.id AND p.symbol = $2 AND p.position_side = $3 WHERE a.id = $1`,
    [lane.accountId, symbol, positionSide],
  )
  const account = rows[0]
  if (!account?.nets) return buildTrades(fills).map((trade) => ({ ...trade, funding: null }))
  const { handRouteId } = account
  const stepBase = new Decimal((await ctx.markets.find(lane.exchange, symbol))?.stepSize ?? '0.000000000000000001')
  const unexplainedBase = new Decimal(account.unexplainedBase ?? 0)
  const paid = await tx.query<{ at: Date; amount: string }>(
    `SELECT at, amount FROM ledger_entry WHERE account_id = $1 AND symbol = $2 AND type = 'FUNDING_FEE' AND at >= $3`,
    [lane.accountId, symbol, fromAt],
  )
  const funding = paid.map(({ at, amount }) => ({ atMs: at.getTime(), amount: new Decimal(amount) }))
  const { fillsByRoute, fundingByRoute } = buildShares({ fills, handRouteId, unexplainedBase, stepBase, funding })
  return [...fillsByRoute].flatMap(([routeId, own]) =>
    buildTrades(own).map((trade) => {
      const within = (fundingByRoute.get(routeId) ?? []).filter(
        ({ atMs }) => atMs >= trade.openedAtMs && atMs <= (trade.closedAtMs ?? Infinity),
      )
      return { ...trade, funding: within.reduce((sum, { amount }) => sum.add(amount), new Decimal(0)) }
    }),
  )
}

interface TradeToSave extends BuiltTrade {
  /** Quote; null: all that was paid for the position meanwhile. */
  readonly funding: Decimal | null
}

async function insertFills(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  { symbol, positionSide }: MarketSide,
  fills: readonly ExchangeFill[],
  forced: ReadonlySet<string>,
): Promise<Date | undefined> {
  if (fills.length === 0) return undefined
  const rows = await tx.query<{ at: Date }>(
    `INSERT INTO fill (id, user_id, account_id, order_id, route_id, symbol, trade_id, exchange_order_id, side, position_side, quantity_base, price, fee, fee_currency, realized_pnl, at, is_liquidation)
     SELECT x.id, $1, $2, o.id, o.route_id, $3, x.t, x.e, x.s, $14, x.q, x.p, x.f, x.c, x.r, to_timestamp(x.at / 1000.0), x.e = ANY($15::text[])
       FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::numeric[], $9::numeric[], $10::numeric[], $11::text[], $12::numeric[], $13::float8[])
         AS x(id, t, e, s, q, p, f, c, r, at)
       LEFT JOIN trade_order o ON o.account_id = $2 AND o.symbol = $3 AND o.exchange_order_id = x.e
     ON CONFLICT (account_id, symbol, trade_id) DO UPDATE SET order_id = excluded.order_id, route_id = excluded.route_id
       WHERE fill.order_id IS NULL AND excluded.order_id IS NOT NULL
     RETURNING at`,
    [
      lane.userId,
      lane.accountId,
      symbol,
      fills.map(() => ctx.newId()),
      fills.map((fill) => fill.tradeId),
      fills.map((fill) => fill.exchangeOrderId),
      fills.map((fill) => fill.side),
      fills.map((fill) => fill.quantityBase),
      fills.map((fill) => fill.price),
      fills.map((fill) => fill.fee),
      fills.map((fill) => fill.feeCurrency),
      fills.map((fill) => fill.realizedPnl),
      fills.map((fill) => fill.atMs),
      positionSide,
      [...forced],
    ],
  )
  return rows.map((row) => row.at).toSorted((a, b) => a.getTime() - b.getTime())[0]
}

/** A stop or target fills through an order the exchange makes for it, under an id that is not ours: the side and the moment tell. */
async function linkTriggered(tx: Transaction, lane: HeldLane, { symbol, positionSide }: MarketSide): Promise<void> {
  await tx.query(
    `UPDATE fill f SET order_id = o.id, route_id = o.route_id
       FROM (SELECT DISTINCT ON (account_id, symbol, side) id, route_id, side, acked_at FROM trade_order
              WHERE account_id = $1 AND symbol = $2 AND position_side = $3 AND leg IN ('stop', 'target', 'trailing') AND state = 'FILLED'
              ORDER BY account_id, symbol, side, ended_at DESC) AS o
      WHERE f.account_id = $1 AND f.symbol = $2 AND f.position_side = $3 AND f.order_id IS NULL AND NOT f.is_liquidation AND f.side = o.side AND f.at >= o.acked_at
        AND NOT EXISTS (SELECT 1 FROM account a WHERE a.id = $1 AND a.shared_symbols = 'net')`,
    [lane.accountId, symbol, positionSide],
  )
  await tx.query(
    `UPDATE trade_order o SET filled_base = s.base, average_price = s.quote / s.base, filled_at = coalesce(o.filled_at, clock_timestamp())
       FROM (SELECT order_id, sum(quantity_base) AS base, sum(quantity_base * price) AS quote FROM fill WHERE account_id = $1 AND symbol = $2 AND order_id IS NOT NULL GROUP BY order_id) AS s
      WHERE o.id = s.order_id AND o.leg IN ('stop', 'target', 'trailing') AND o.filled_base <> s.base`,
    [lane.accountId, symbol],
  )
}

/** Trades are rebuilt from the beginning of the one that the earliest new fill falls into. */
async function rebuildFrom(tx: Transaction, lane: HeldLane, market: MarketSide, earliest: Date | undefined): Promise<Date> {
  const rows = await tx.query<{ openedAt: Date }>(
    `SELECT opened_at AS "openedAt" FROM trade WHERE account_id = $1 AND symbol = $2 AND position_side = $4
       AND (closed_at IS NULL OR ($3::timestamptz IS NOT NULL AND opened_at <= $3 AND closed_at >= $3))
      ORDER BY opened_at LIMIT 1`,
    [lane.accountId, market.symbol, earliest ?? null, market.positionSide],
  )
  const opened = rows[0] && (await startOfChain(tx, lane, market, rows[0].openedAt))
  if (opened && earliest) return opened < earliest ? opened : earliest
  if (opened ?? earliest) return opened ?? earliest ?? new Date(0)
  const last = await tx.query<{ closedAt: Date | null }>(
    'SELECT max(closed_at) AS "closedAt" FROM trade WHERE account_id = $1 AND symbol = $2 AND position_side = $3',
    [lane.accountId, market.symbol, market.positionSide],
  )
  return new Date((last[0]?.closedAt?.getTime() ?? -1) + 1)
}

/** A trade that begins the moment another ends may share its first fill with it: both are rebuilt. */
async function startOfChain(tx: Transaction, lane: HeldLane, market: MarketSide, openedAt: Date): Promise<Date> {
  const rows = await tx.query<{ openedAt: Date }>(
    'SELECT opened_at AS "openedAt" FROM trade WHERE account_id = $1 AND symbol = $2 AND closed_at >= $3 AND opened_at < $3 AND position_side = $4 ORDER BY opened_at LIMIT 1',
    [lane.accountId, market.symbol, openedAt, market.positionSide],
  )
  return rows[0] ? startOfChain(tx, lane, market, rows[0].openedAt) : openedAt
}

async function loadFills(tx: Transaction, lane: HeldLane, market: MarketSide, from: Date): Promise<TradeFill[]> {
  const rows = await tx.query<{
    tradeId: string
    side: 'buy' | 'sell'
    quantityBase: string
    price: string
    fee: string
    feeCurrency: string
    routeId: string | null
    isLiquidation: boolean
    opens: boolean
    at: Date
  }>(
    `SELECT f.trade_id AS "tradeId", f.side, f.quantity_base AS "quantityBase", f.price, f.fee, f.fee_currency AS "feeCurrency", f.route_id AS "routeId",
            f.is_liquidation AS "isLiquidation", coalesce(o.leg = 'open' AND a.shared_symbols = 'net', false) AS opens, f.at
       FROM fill f JOIN account a ON a.id = f.account_id LEFT JOIN trade_order o ON o.id = f.order_id
      WHERE f.account_id = $1 AND f.symbol = $2 AND f.at >= $3 AND f.position_side = $4`,
    [lane.accountId, market.symbol, from, market.positionSide],
  )
  return rows.map(({ quantityBase, price, fee, at, ...row }) => ({
    ...row,
    quantityBase: new Decimal(quantityBase),
    price: new Decimal(price),
    fee: new Decimal(fee),
    atMs: at.getTime(),
  }))
}

async function saveTrades(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  market: MarketSide,
  from: Date,
  trades: readonly TradeToSave[],
): Promise<NewFact[]> {
  await tx.query(
    'DELETE FROM trade WHERE account_id = $1 AND symbol = $2 AND position_side = $5 AND opened_at >= $3 AND NOT first_trade_id = ANY($4::text[])',
    [lane.accountId, market.symbol, from, trades.map((trade) => trade.firstTradeId), market.positionSide],
  )
  const before = await tx.query<{ firstTradeId: string; closedAt: Date | null }>(
    'SELECT first_trade_id AS "firstTradeId", closed_at AS "closedAt" FROM trade WHERE account_id = $1 AND symbol = $2 AND opened_at >= $3 AND position_side = $4',
    [lane.accountId, market.symbol, from, market.positionSide],
  )
  const closedBefore = new Set(before.filter((row) => row.closedAt).map((row) => row.firstTradeId))

  const facts: NewFact[] = []
  for (const trade of trades) {
    const id = await saveTrade(tx, ctx, lane, market, trade)
    if (trade.closedAtMs === null || closedBefore.has(trade.firstTradeId)) continue
    const payload = {
      accountId: lane.accountId,
      symbol: market.symbol,
      side: trade.side,
      grossPnl: trade.grossPnl.toFixed(),
      fees: trade.fees.toFixed(),
      isLiquidation: trade.isLiquidation,
    }
    facts.push({ userId: lane.userId, kind: 'trade-closed', entity: 'trade', entityId: id, payload })
  }
  return facts
}

async function saveTrade(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  { symbol, positionSide }: MarketSide,
  trade: TradeToSave,
): Promise<string> {
  const openedAt = new Date(trade.openedAtMs)
  const closedAt = trade.closedAtMs === null ? null : new Date(trade.closedAtMs)
  const amount = (value: Decimal) => value.toDecimalPlaces(18).toFixed()
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO trade (id, user_id, account_id, route_id, symbol, side, opened_at, closed_at, entry_base, entry_price, exit_base, exit_price, gross_pnl, fees, fee_currency,
                        funding, is_liquidation, first_trade_id, position_side)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
             coalesce($19, (SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE account_id = $3 AND symbol = $5 AND type = 'FUNDING_FEE' AND at >= $7 AND at <= coalesce($8::timestamptz, 'infinity'))),
             $16 OR EXISTS (SELECT 1 FROM ledger_entry WHERE account_id = $3 AND symbol = $5 AND type = 'INSURANCE_CLEAR' AND at >= $7 AND at <= coalesce($8::timestamptz + interval '10 seconds', 'infinity')),
             $17, $18)
     ON CONFLICT (account_id, symbol, position_side, first_trade_id) DO UPDATE SET
       route_id = coalesce(excluded.route_id, trade.route_id), side = excluded.side, opened_at = excluded.opened_at, closed_at = excluded.closed_at, entry_base = excluded.entry_base,
       entry_price = excluded.entry_price, exit_base = excluded.exit_base, exit_price = excluded.exit_price, gross_pnl = excluded.gross_pnl, fees = excluded.fees,
       funding = excluded.funding, is_liquidation = trade.is_liquidation OR excluded.is_liquidation
     RETURNING id`,
    [
      ctx.newId(),
      lane.userId,
      lane.accountId,
      trade.routeId,
      symbol,
      trade.side,
      openedAt,
      closedAt,
      amount(trade.entryBase),
      amount(trade.entryPrice),
      amount(trade.exitBase),
      trade.exitPrice === null ? null : amount(trade.exitPrice),
      amount(trade.grossPnl),
      amount(trade.fees),
      trade.feeCurrency,
      trade.isLiquidation,
      trade.firstTradeId,
      positionSide,
      trade.funding === null ? null : amount(trade.funding),
    ],
  )
  return rows[0]?.id ?? trade.firstTradeId
}

/**
 * What a follow holds: its share of each position; where nobody has shared a position out yet, the whole of it.
 * Columns: account_id, symbol, base (signed), entry_price, unrealized_pnl (as the exchange last told it, of the whole).
 * @param follow alias of the follow
 */
const heldBy = (follow: string) => `(
  SELECT h.account_id, h.symbol, h.quantity_base AS base, h.entry_price, NULL::numeric AS unrealized_pnl
    FROM position_share h WHERE h.route_id = ${follow}.route_id AND h.quantity_base <> 0
  UNION ALL
  SELECT p.account_id, p.symbol, CASE p.side WHEN 'SHORT' THEN -p.quantity_base ELSE p.quantity_base END, p.entry_price, p.unrealized_pnl
    FROM position p WHERE p.route_id = ${follow}.route_id AND p.quantity_base > 0
     AND NOT EXISTS (SELECT 1 FROM position_share h WHERE h.account_id = p.account_id AND h.symbol = p.symbol AND h.position_side = p.position_side AND h.quantity_base <> 0))`

export const holdsAnything = (follow: string) => `EXISTS (SELECT 1 FROM ${heldBy(follow)} AS held)`

/**
 * What a follow has made so far, quote: its trades after fees and funding, and what is open at the newest mark. Marks are a second old; one that stands
 * still for a minute is not believed, and a position counts as the exchange last told it.
 */
export const followResult = (follow: string) => `(
  (SELECT coalesce(sum(t.gross_pnl - t.fees + t.funding), 0) FROM trade t WHERE t.route_id = ${follow}.route_id)
  + (SELECT coalesce(sum(CASE WHEN held.unrealized_pnl IS NULL OR m.mark_at > clock_timestamp() - interval '60 seconds'
                              THEN (m.mark_price - held.entry_price) * held.base ELSE held.unrealized_pnl END), 0)
       FROM ${heldBy(follow)} AS held JOIN account a ON a.id = held.account_id LEFT JOIN market m ON m.exchange = a.exchange AND m.symbol = held.symbol))`

/** Something of it filled that is not in its trades yet: until it is, at most for a minute, its result is not to be known. */
export const hasUnbooked = (follow: string) => `EXISTS (
  SELECT 1 FROM trade_order o
   WHERE o.account_id = ${follow}.account_id AND o.route_id = ${follow}.route_id AND o.filled_base > 0 AND o.filled_at > clock_timestamp() - interval '1 minute'
     AND o.filled_base > (SELECT coalesce(sum(x.quantity_base), 0) FROM fill x WHERE x.order_id = o.id))`

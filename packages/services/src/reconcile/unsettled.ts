/**
 * SQL: symbols of the accounts $1 where something was executed that we have no fills of yet, where whose the position is has not been settled, or whose
 * followers wait for fills to show a change.
 */
export const UNSETTLED = `
  SELECT p.account_id, p.symbol FROM position p
   WHERE p.account_id = ANY($1::uuid[]) AND CASE p.side WHEN 'LONG' THEN p.quantity_base ELSE -p.quantity_base END <> coalesce(
     (SELECT sum(s.quantity_base) FROM position_share s WHERE s.account_id = p.account_id AND s.symbol = p.symbol AND s.position_side = p.position_side), 0)
  UNION ALL
  SELECT o.account_id, o.symbol FROM trade_order o
   WHERE o.account_id = ANY($1::uuid[]) AND o.filled_base > 0 AND o.type IN ('market', 'limit') AND o.filled_at > clock_timestamp() - interval '1 day'
     AND o.filled_base > (SELECT coalesce(sum(f.quantity_base), 0) FROM fill f WHERE f.order_id = o.id)
  UNION ALL
  SELECT m.account_id, m.symbol FROM mirror_mark m WHERE m.account_id = ANY($1::uuid[]) AND m.doubted_since IS NOT NULL`

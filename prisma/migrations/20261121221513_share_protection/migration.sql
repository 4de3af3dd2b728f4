-- AlterTable
ALTER TABLE "position_share" ADD COLUMN     "own_protection" BOOLEAN NOT NULL DEFAULT false;

UPDATE position_share s SET own_protection = true
  FROM position p JOIN account a ON a.id = p.account_id AND a.shared_symbols = 'net'
 WHERE p.account_id = s.account_id AND p.symbol = s.symbol AND p.position_side = s.position_side AND p.own_protection AND s.quantity_base <> 0;

-- Which prices reach a share, those that fall and those that rise: what was crossed is found without looking at the rest. Generated, so that shares without
-- a stop of their own, which are nearly all, change without touching an index.
ALTER TABLE "position_share"
  ADD COLUMN "falls_to" numeric(38, 18) GENERATED ALWAYS AS (CASE WHEN quantity_base > 0 THEN stop_price WHEN quantity_base < 0 THEN target_price END) STORED,
  ADD COLUMN "rises_to" numeric(38, 18) GENERATED ALWAYS AS (CASE WHEN quantity_base > 0 THEN target_price WHEN quantity_base < 0 THEN stop_price END) STORED;
CREATE INDEX "position_share_falls_idx" ON "position_share" ("symbol", "falls_to") WHERE "falls_to" IS NOT NULL;
CREATE INDEX "position_share_rises_idx" ON "position_share" ("symbol", "rises_to") WHERE "rises_to" IS NOT NULL;

-- A share's stop that was set by hand is that share's alone.
CREATE OR REPLACE VIEW holding AS
  SELECT p.id, p.user_id, p.account_id, p.route_id, p.symbol, p.position_side, p.side, p.quantity_base, p.entry_price, p.mark_price, p.margin,
         p.unrealized_pnl, p.opened_at, p.own_protection
    FROM position p JOIN account a ON a.id = p.account_id
   WHERE p.quantity_base > 0 AND a.shared_symbols <> 'net'
  UNION ALL
  SELECT s.id, s.user_id, s.account_id, s.route_id, s.symbol, s.position_side, CASE WHEN s.quantity_base < 0 THEN 'SHORT' ELSE 'LONG' END, abs(s.quantity_base),
         s.entry_price, n.mark_price,
         round(CASE WHEN p.quantity_base > 0 THEN p.margin * abs(s.quantity_base) / p.quantity_base
                    ELSE abs(s.quantity_base) * n.mark_price / greatest(coalesce(p.leverage, 1), 1) END, 18)::numeric(38, 18),
         round(s.quantity_base * (n.mark_price - s.entry_price), 18)::numeric(38, 18), s.opened_at, s.own_protection
    FROM position_share s JOIN account a ON a.id = s.account_id AND a.shared_symbols = 'net'
    LEFT JOIN position p ON p.account_id = s.account_id AND p.symbol = s.symbol AND p.position_side = s.position_side
    LEFT JOIN market m ON m.exchange = a.exchange AND m.symbol = s.symbol
   CROSS JOIN LATERAL (SELECT CASE WHEN p.quantity_base > 0 THEN p.mark_price ELSE coalesce(m.mark_price, p.mark_price) END AS mark_price) AS n
   WHERE s.quantity_base <> 0;

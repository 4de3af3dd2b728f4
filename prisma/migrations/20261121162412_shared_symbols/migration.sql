-- AlterTable
ALTER TABLE "account" ADD COLUMN     "shared_symbols" TEXT NOT NULL DEFAULT 'refuse';

-- AlterTable
ALTER TABLE "position_share" ADD COLUMN     "epoch" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "opened_at" TIMESTAMPTZ(3),
ADD COLUMN     "plan" JSONB,
ADD COLUMN     "protection" TEXT NOT NULL DEFAULT 'NONE',
ADD COLUMN     "stop_price" DECIMAL(38,18),
ADD COLUMN     "target_price" DECIMAL(38,18),
ADD COLUMN     "unprotected_since" TIMESTAMPTZ(3),
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

-- What is held, by whose it is: positions, and where an account's routes share symbols their shares. Base and quote as of a position.
CREATE VIEW holding AS
  SELECT p.id, p.user_id, p.account_id, p.route_id, p.symbol, p.position_side, p.side, p.quantity_base, p.entry_price, p.mark_price, p.margin,
         p.unrealized_pnl, p.opened_at, p.own_protection
    FROM position p JOIN account a ON a.id = p.account_id
   WHERE p.quantity_base > 0 AND a.shared_symbols <> 'net'
  UNION ALL
  SELECT s.id, s.user_id, s.account_id, s.route_id, s.symbol, s.position_side, CASE WHEN s.quantity_base < 0 THEN 'SHORT' ELSE 'LONG' END, abs(s.quantity_base),
         s.entry_price, p.mark_price, round(p.margin * abs(s.quantity_base) / nullif(p.quantity_base, 0), 18)::numeric(38, 18),
         round(s.quantity_base * (p.mark_price - s.entry_price), 18)::numeric(38, 18), s.opened_at, coalesce(p.own_protection, false)
    FROM position_share s JOIN account a ON a.id = s.account_id AND a.shared_symbols = 'net'
    LEFT JOIN position p ON p.account_id = s.account_id AND p.symbol = s.symbol AND p.position_side = s.position_side
   WHERE s.quantity_base <> 0;

-- AlterTable
ALTER TABLE "position" ADD COLUMN     "unexplained_base" DECIMAL(38,18) NOT NULL DEFAULT 0,
ADD COLUMN     "unsettled_since" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "position_share" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "route_id" UUID NOT NULL,
    "symbol" TEXT NOT NULL,
    "position_side" TEXT NOT NULL DEFAULT 'BOTH',
    "quantity_base" DECIMAL(38,18) NOT NULL,
    "entry_price" DECIMAL(38,18),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "position_share_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "position_share_user_id_idx" ON "position_share"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "position_share_account_id_symbol_position_side_route_id_key" ON "position_share"("account_id", "symbol", "position_side", "route_id");

-- Whose the fills are that no order of ours explains: the account's own manual route's; where it has none, its id stands for the hand.
CREATE FUNCTION hand_route(p_account uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT id FROM route WHERE source_kind = 'MANUAL' AND source_id = p_account AND account_id = p_account), p_account)
$$;

-- Sides of markets whose shares do not come to the position. Zero wherever nothing is under way.
CREATE FUNCTION share_gaps() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT count(*)
    FROM (SELECT account_id, symbol, position_side, CASE side WHEN 'SHORT' THEN -quantity_base ELSE quantity_base END AS base FROM position) p
    FULL JOIN (SELECT account_id, symbol, position_side, sum(quantity_base) AS base FROM position_share GROUP BY account_id, symbol, position_side) s
      USING (account_id, symbol, position_side)
   WHERE coalesce(p.base, 0) <> coalesce(s.base, 0)
$$;

-- What is held so far has one owner.
INSERT INTO position_share (id, user_id, account_id, route_id, symbol, position_side, quantity_base, entry_price)
SELECT gen_random_uuid(), user_id, account_id, coalesce(route_id, hand_route(account_id)), symbol, position_side,
       CASE side WHEN 'SHORT' THEN -quantity_base ELSE quantity_base END, entry_price
  FROM position WHERE quantity_base > 0;

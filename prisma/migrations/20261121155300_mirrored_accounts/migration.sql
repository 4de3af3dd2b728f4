-- AlterTable
ALTER TABLE "position" ADD COLUMN     "own_protection" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "mirror_mark" (
    "account_id" UUID NOT NULL,
    "symbol" TEXT NOT NULL,
    "position_side" TEXT NOT NULL DEFAULT 'BOTH',
    "user_id" UUID NOT NULL,
    "number" INTEGER NOT NULL DEFAULT 0,
    "side" TEXT NOT NULL,
    "quantity_base" DECIMAL(38,18) NOT NULL,
    "epoch" INTEGER NOT NULL,
    "filled_base" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "fills" INTEGER NOT NULL DEFAULT 0,
    "filled_at" TIMESTAMPTZ(3),
    "stop_price" DECIMAL(38,18),
    "target_price" DECIMAL(38,18),
    "doubted_since" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "mirror_mark_pkey" PRIMARY KEY ("account_id","symbol","position_side")
);

ALTER TABLE "mirror_mark" ADD CONSTRAINT "mirror_mark_quantity_check" CHECK ("quantity_base" >= 0 AND "side" IN ('LONG', 'SHORT'));

-- How many decisions are missing: every signal that was dealt with has one for each follow that was there when it was committed. Always 0.
CREATE OR REPLACE FUNCTION copy_decision_gaps(p_since timestamptz DEFAULT '-infinity') RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT count(*)
    FROM signal s
    JOIN route r ON r.source_id = s.source_id AND r.follow_id IS NOT NULL AND r.source_kind = s.source
    JOIN follow f ON f.id = r.follow_id AND f.joined_at < s.committed_at AND (f.stopped_at IS NULL OR f.stopped_at >= s.committed_at)
   WHERE s.state IN ('DISPATCHED', 'DEAD') AND s.source IN ('WEBHOOK', 'MANUAL', 'ACCOUNT') AND s.committed_at > p_since
     AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.id AND d.route_id = r.id)
$$;

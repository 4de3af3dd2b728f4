-- AlterTable
ALTER TABLE "follow" ADD COLUMN     "management_percent" DECIMAL(10,4) NOT NULL DEFAULT 0,
ADD COLUMN     "profit_share_percent" DECIMAL(10,4) NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "copy_fee" (
    "id" UUID NOT NULL,
    "follow_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "leader_id" UUID NOT NULL,
    "strategy_id" UUID NOT NULL,
    "period" TEXT NOT NULL,
    "from_at" TIMESTAMPTZ(3) NOT NULL,
    "to_at" TIMESTAMPTZ(3) NOT NULL,
    "profit" DECIMAL(38,18) NOT NULL,
    "high_water_before" DECIMAL(38,18) NOT NULL,
    "high_water_after" DECIMAL(38,18) NOT NULL,
    "profit_share_percent" DECIMAL(10,4) NOT NULL,
    "profit_share" DECIMAL(38,18) NOT NULL,
    "equity_days" DECIMAL(38,18) NOT NULL,
    "management_percent" DECIMAL(10,4) NOT NULL,
    "management" DECIMAL(38,18) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "copy_fee_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "copy_fee_entry" (
    "id" UUID NOT NULL,
    "fee_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "amount" DECIMAL(38,18) NOT NULL,
    "currency" TEXT NOT NULL DEFAULT 'USDT',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "copy_fee_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "copy_remainder" (
    "route_id" UUID NOT NULL,
    "symbol" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "side" TEXT NOT NULL,
    "quantity_base" DECIMAL(38,18) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "copy_remainder_pkey" PRIMARY KEY ("route_id","symbol")
);

-- CreateIndex
CREATE INDEX "copy_fee_strategy_id_idx" ON "copy_fee"("strategy_id");

-- CreateIndex
CREATE INDEX "copy_fee_user_id_idx" ON "copy_fee"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "copy_fee_follow_id_period_key" ON "copy_fee"("follow_id", "period");

-- CreateIndex
CREATE INDEX "copy_fee_entry_user_id_idx" ON "copy_fee_entry"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "copy_fee_entry_fee_id_kind_user_id_key" ON "copy_fee_entry"("fee_id", "kind", "user_id");

-- Follows that stand keep to the terms of today.
UPDATE "follow" f SET "profit_share_percent" = s."profit_share_percent", "management_percent" = s."management_percent" FROM "strategy" s WHERE s."id" = f."strategy_id";

ALTER TABLE "copy_fee" ADD CONSTRAINT "copy_fee_check" CHECK ("to_at" >= "from_at" AND "high_water_after" >= "high_water_before" AND "profit_share" >= 0 AND "management" >= 0);
ALTER TABLE "copy_remainder" ADD CONSTRAINT "copy_remainder_check" CHECK ("side" IN ('LONG', 'SHORT') AND "quantity_base" > 0);

-- Double entry: what one owes another is owed. Entries of a fee are written by one statement.
CREATE FUNCTION copy_fee_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM written GROUP BY fee_id, kind, currency HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'the entries of a copy fee do not add up to 0';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER copy_fee_entry_balance AFTER INSERT ON "copy_fee_entry" REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION copy_fee_entries_balance();

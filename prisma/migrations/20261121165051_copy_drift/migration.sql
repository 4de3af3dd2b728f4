-- CreateTable
CREATE TABLE "copy_drift" (
    "id" UUID NOT NULL,
    "follow_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "symbol" TEXT NOT NULL,
    "position_side" TEXT NOT NULL,
    "target_base" DECIMAL(38,18) NOT NULL,
    "actual_base" DECIMAL(38,18) NOT NULL,
    "way" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "doubt" TEXT,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "seen" INTEGER NOT NULL DEFAULT 1,
    "repairs" INTEGER NOT NULL DEFAULT 0,
    "last_repair_at" TIMESTAMPTZ(3),
    "last_repair_signal_id" UUID,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "copy_drift_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "copy_drift_sample" (
    "id" BIGSERIAL NOT NULL,
    "follow_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "symbol" TEXT NOT NULL,
    "position_side" TEXT NOT NULL,
    "target_base" DECIMAL(38,18) NOT NULL,
    "actual_base" DECIMAL(38,18) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "copy_drift_sample_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "copy_drift_follow_id_since_idx" ON "copy_drift"("follow_id", "since");

-- CreateIndex
CREATE INDEX "copy_drift_user_id_idx" ON "copy_drift"("user_id");

-- CreateIndex
CREATE INDEX "copy_drift_sample_follow_id_symbol_position_side_at_idx" ON "copy_drift_sample"("follow_id", "symbol", "position_side", "at");

-- CreateIndex
CREATE INDEX "copy_drift_sample_user_id_idx" ON "copy_drift_sample"("user_id");

-- CreateIndex
CREATE INDEX "trade_order_route_id_created_at_idx" ON "trade_order"("route_id", "created_at");

-- One that stands for each market of a follow: whoever looks finds the same, and it is repaired once a round.
CREATE UNIQUE INDEX "copy_drift_standing" ON "copy_drift" ("follow_id", "symbol", "position_side") WHERE "ended_at" IS NULL;

-- AlterTable
ALTER TABLE "trade_order" ADD COLUMN     "fan_out_id" UUID,
ADD COLUMN     "is_canary" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "strategy" ADD COLUMN     "canary" JSONB;

-- CreateTable
CREATE TABLE "fan_out" (
    "id" UUID NOT NULL,
    "signal_id" UUID NOT NULL,
    "strategy_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'HELD',
    "hold_until" TIMESTAMPTZ(3) NOT NULL,
    "reject_percent" INTEGER NOT NULL,
    "min_answers" INTEGER NOT NULL,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "refused" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "settled_at" TIMESTAMPTZ(3),

    CONSTRAINT "fan_out_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "breaker" (
    "scope" TEXT NOT NULL,
    "user_id" UUID,
    "open_until" TIMESTAMPTZ(3) NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "times" INTEGER NOT NULL DEFAULT 1,
    "accepted" INTEGER NOT NULL,
    "refused" INTEGER NOT NULL,

    CONSTRAINT "breaker_pkey" PRIMARY KEY ("scope")
);

-- CreateIndex
CREATE UNIQUE INDEX "fan_out_signal_id_strategy_id_key" ON "fan_out"("signal_id", "strategy_id");

ALTER TABLE "fan_out" ADD CONSTRAINT "fan_out_state_check" CHECK ("state" IN ('HELD', 'RELEASED', 'HALTED'));
-- Few ever wait.
CREATE INDEX "fan_out_held_idx" ON "fan_out" ("hold_until") WHERE "state" = 'HELD';
-- What breakers look at: opens sent within the last minute.
CREATE INDEX "trade_order_opens_sent_idx" ON "trade_order" ("submitted_at") WHERE "leg" = 'open' AND "submitted_at" IS NOT NULL;

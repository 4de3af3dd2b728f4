-- AlterTable
ALTER TABLE "follow" ADD COLUMN     "stop_choice" TEXT,
ADD COLUMN     "stop_numbers" JSONB;

-- CreateTable
CREATE TABLE "follow_detachment" (
    "id" UUID NOT NULL,
    "follow_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "trade_id" UUID NOT NULL,
    "symbol" TEXT NOT NULL,
    "side" TEXT NOT NULL,
    "cause" TEXT NOT NULL,
    "detached_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "follow_detachment_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "follow_detachment_user_id_idx" ON "follow_detachment"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "follow_detachment_follow_id_trade_id_key" ON "follow_detachment"("follow_id", "trade_id");

-- CreateIndex
CREATE INDEX "position_route_id_idx" ON "position"("route_id");

-- CreateIndex
CREATE INDEX "position_share_route_id_idx" ON "position_share"("route_id");

-- CreateIndex
CREATE INDEX "trade_route_id_idx" ON "trade"("route_id");

-- CreateIndex
CREATE INDEX "trade_closed_at_idx" ON "trade"("closed_at");

-- What is looked up with every signal of the leader.
CREATE INDEX "follow_detachment_open_idx" ON "follow_detachment" ("follow_id") WHERE "ended_at" IS NULL;
ALTER TABLE "follow" ADD CONSTRAINT "follow_stop_choice_check" CHECK ("stop_choice" IN ('close', 'keep', 'hand-over'));

-- AlterTable
ALTER TABLE "webhook" ADD COLUMN     "max_age_seconds" INTEGER,
ADD COLUMN     "only_trading_view" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "previous_seen_at" TIMESTAMPTZ(3),
ADD COLUMN     "previous_token_hash" BYTEA,
ADD COLUMN     "previous_token_tail" TEXT,
ADD COLUMN     "previous_until" TIMESTAMPTZ(3);

-- CreateIndex
CREATE UNIQUE INDEX "webhook_previous_token_hash_key" ON "webhook"("previous_token_hash");

-- AlterTable
ALTER TABLE "follow" ADD COLUMN     "continues_id" UUID,
ADD COLUMN     "removed_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "handed_over" (
    "id" UUID NOT NULL,
    "follow_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "symbol" TEXT NOT NULL,
    "position_side" TEXT NOT NULL,
    "quantity_base" DECIMAL(38,18) NOT NULL,
    "entry_price" DECIMAL(38,18),
    "price" DECIMAL(38,18) NOT NULL,
    "priced_at" TIMESTAMPTZ(3),
    "profit" DECIMAL(38,18) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "handed_over_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "handed_over_follow_id_idx" ON "handed_over"("follow_id");

-- CreateIndex
CREATE INDEX "handed_over_user_id_idx" ON "handed_over"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "follow_continues_id_key" ON "follow"("continues_id");

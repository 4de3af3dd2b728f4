-- AlterTable
ALTER TABLE "account" ADD COLUMN     "exchange_identity" BYTEA;

-- CreateIndex
CREATE UNIQUE INDEX "account_exchange_identity_key" ON "account"("exchange_identity");

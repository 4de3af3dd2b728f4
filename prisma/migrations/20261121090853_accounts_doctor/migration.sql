-- AlterTable
ALTER TABLE "account" ADD COLUMN     "check_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "deleted_at" TIMESTAMPTZ(3),
ADD COLUMN     "key_fingerprint" BYTEA;

-- CreateTable
CREATE TABLE "account_check" (
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "probe" JSONB NOT NULL,
    "findings" JSONB NOT NULL,

    CONSTRAINT "account_check_pkey" PRIMARY KEY ("account_id")
);

-- CreateIndex
CREATE INDEX "account_check_at_idx" ON "account"("check_at");

-- AddForeignKey
ALTER TABLE "account_check" ADD CONSTRAINT "account_check_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One key is one account of one person.
CREATE UNIQUE INDEX "account_key_in_use" ON "account"("key_fingerprint") WHERE "deleted_at" IS NULL;

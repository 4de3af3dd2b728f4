-- AlterTable
ALTER TABLE "webhook" ADD COLUMN     "hold_gaps" BOOLEAN NOT NULL DEFAULT true;

-- CreateTable
CREATE TABLE "signal_chain" (
    "source_id" UUID NOT NULL,
    "ticker" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "signal_chain_pkey" PRIMARY KEY ("source_id","ticker","account")
);

-- CreateTable
CREATE TABLE "signal_hold" (
    "signal_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "source_id" UUID NOT NULL,
    "ticker" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "missing_from" TEXT NOT NULL,
    "missing_to" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'HELD',
    "held_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),
    "release_id" UUID,

    CONSTRAINT "signal_hold_pkey" PRIMARY KEY ("signal_id")
);

-- CreateIndex
CREATE INDEX "signal_hold_user_id_held_at_idx" ON "signal_hold"("user_id", "held_at");

-- CreateIndex
CREATE INDEX "signal_hold_source_id_ticker_account_idx" ON "signal_hold"("source_id", "ticker", "account");

-- What waits for its time to be over; a hold that is settled needs no place in it.
CREATE INDEX "signal_hold_waiting_idx" ON "signal_hold" ("expires_at") WHERE "state" = 'HELD';
ALTER TABLE "signal_hold" ADD CONSTRAINT "signal_hold_state_check" CHECK ("state" IN ('HELD', 'EXPIRED', 'RELEASED', 'PASSED', 'DROPPED'));

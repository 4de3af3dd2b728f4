-- AlterTable
ALTER TABLE "route" ADD COLUMN     "follow_id" UUID;

-- AlterTable
ALTER TABLE "strategy" ADD COLUMN     "forced" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "management_percent" DECIMAL(10,4) NOT NULL DEFAULT 0,
ADD COLUMN     "max_followers" INTEGER,
ADD COLUMN     "profit_share_percent" DECIMAL(10,4) NOT NULL DEFAULT 0,
ADD COLUMN     "source_id" UUID,
ADD COLUMN     "source_kind" TEXT,
ADD COLUMN     "state" TEXT NOT NULL DEFAULT 'PUBLISHED',
ADD COLUMN     "suggested" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "copy_basis" (
    "signal_id" UUID NOT NULL,
    "strategy_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "basis" JSONB NOT NULL,

    CONSTRAINT "copy_basis_pkey" PRIMARY KEY ("signal_id","strategy_id")
);

-- CreateTable
CREATE TABLE "strategy_invite" (
    "id" UUID NOT NULL,
    "strategy_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "code_hash" BYTEA NOT NULL,
    "max_uses" INTEGER,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "strategy_invite_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "follow" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "strategy_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "route_id" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'ACTIVE',
    "settings" JSONB NOT NULL,
    "joined_at" TIMESTAMPTZ(3) NOT NULL,
    "stopped_at" TIMESTAMPTZ(3),
    "joined_equity" DECIMAL(38,18),
    "stop_cause" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "follow_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "strategy_source_id_idx" ON "strategy"("source_id");

-- CreateIndex
CREATE UNIQUE INDEX "strategy_invite_code_hash_key" ON "strategy_invite"("code_hash");

-- CreateIndex
CREATE INDEX "strategy_invite_strategy_id_idx" ON "strategy_invite"("strategy_id");

-- CreateIndex
CREATE INDEX "follow_user_id_idx" ON "follow"("user_id");

-- CreateIndex
CREATE INDEX "follow_strategy_id_idx" ON "follow"("strategy_id");

-- CreateIndex
CREATE INDEX "follow_account_id_idx" ON "follow"("account_id");

-- CreateIndex
CREATE INDEX "follow_route_id_idx" ON "follow"("route_id");

-- CreateIndex
CREATE INDEX "route_follow_id_idx" ON "route"("follow_id");

-- CreateIndex
CREATE INDEX "route_source_id_idx" ON "route"("source_id");

-- A person's own routes are one for each source and account; a follow brings a new one each time it begins.
DROP INDEX "route_source_kind_source_id_account_id_key";
CREATE UNIQUE INDEX "route_source_kind_source_id_account_id_key" ON "route" ("source_kind", "source_id", "account_id") WHERE "follow_id" IS NULL;
CREATE UNIQUE INDEX "follow_one_active_key" ON "follow" ("strategy_id", "account_id") WHERE "state" <> 'STOPPED';
ALTER TABLE "follow" ADD CONSTRAINT "follow_state_check" CHECK ("state" IN ('ACTIVE', 'PAUSED', 'CLOSE_ONLY', 'STOPPED') AND ("state" = 'STOPPED') = ("stopped_at" IS NOT NULL));
ALTER TABLE "strategy" ADD CONSTRAINT "strategy_state_check" CHECK ("state" IN ('PUBLISHED', 'PAUSED'));

-- How many decisions are missing: every signal that was dealt with has one for each follow that was there when it was committed. Always 0.
CREATE FUNCTION copy_decision_gaps(p_since timestamptz DEFAULT '-infinity') RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT count(*)
    FROM signal s
    JOIN route r ON r.source_id = s.source_id AND r.follow_id IS NOT NULL AND r.source_kind = s.source
    JOIN follow f ON f.id = r.follow_id AND f.joined_at < s.committed_at AND (f.stopped_at IS NULL OR f.stopped_at >= s.committed_at)
   WHERE s.state IN ('DISPATCHED', 'DEAD') AND s.source IN ('WEBHOOK', 'MANUAL') AND s.committed_at > p_since
     AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.id AND d.route_id = r.id)
$$;

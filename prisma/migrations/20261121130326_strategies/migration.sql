-- CreateTable
CREATE TABLE "strategy" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "visibility" TEXT NOT NULL DEFAULT 'PUBLIC',
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "strategy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "record_row" (
    "strategy_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "user_id" UUID NOT NULL,
    "content" JSONB NOT NULL,
    "trade_id" UUID,
    "previous_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "written_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "record_row_pkey" PRIMARY KEY ("strategy_id","number")
);

-- CreateTable
CREATE TABLE "record_head" (
    "strategy_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "number" INTEGER NOT NULL DEFAULT 0,
    "hash" TEXT NOT NULL,
    "valued_to" TIMESTAMPTZ(3),
    "equity" DECIMAL(38,18),
    "days" INTEGER NOT NULL DEFAULT 0,
    "risk" TEXT NOT NULL DEFAULT 'UNKNOWN',
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "record_head_pkey" PRIMARY KEY ("strategy_id")
);

-- CreateTable
CREATE TABLE "strategy_figures" (
    "strategy_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "window_days" INTEGER NOT NULL,
    "roi_percent" DECIMAL(38,18),
    "pnl" DECIMAL(38,18) NOT NULL,
    "max_drawdown_percent" DECIMAL(38,18),
    "sharpe" DECIMAL(38,18),
    "win_rate_percent" DECIMAL(38,18),
    "profit_factor" DECIMAL(38,18),
    "trades" INTEGER NOT NULL,
    "liquidations" INTEGER NOT NULL,
    "average_hold_seconds" INTEGER,
    "median_leverage" DECIMAL(38,18),
    "high_leverage" DECIMAL(38,18),
    "spark" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "strategy_figures_pkey" PRIMARY KEY ("strategy_id","window_days")
);

-- CreateIndex
CREATE INDEX "strategy_user_id_idx" ON "strategy"("user_id");

-- CreateIndex
CREATE INDEX "record_row_strategy_id_trade_id_idx" ON "record_row"("strategy_id", "trade_id");

-- A row of a record is added and never changed: what was published stays as it was published.
CREATE FUNCTION refuse_record_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'rows of a record are never changed'; END $$;
CREATE TRIGGER record_row_stays BEFORE UPDATE ON "record_row" FOR EACH ROW EXECUTE FUNCTION refuse_record_change();

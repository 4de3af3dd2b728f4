-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "app_user" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "full_name" TEXT NOT NULL,
    "phone" TEXT,
    "address" TEXT,
    "role" TEXT NOT NULL DEFAULT 'USER',
    "is_active" BOOLEAN NOT NULL DEFAULT false,
    "is_email_verified" BOOLEAN NOT NULL DEFAULT false,
    "session_version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "app_user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "family_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "user_agent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "rotated_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "subscription" (
    "user_id" UUID NOT NULL,
    "plan" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "start_date" TIMESTAMPTZ(3) NOT NULL,
    "end_date" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "subscription_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "exchange" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "key_status" TEXT NOT NULL DEFAULT 'OPENING',
    "masked_api_key" TEXT,
    "position_mode" TEXT NOT NULL DEFAULT 'ONE_WAY',
    "opening_deposit" DECIMAL(38,18),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "exchange_key" (
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "sealing_key_id" UUID NOT NULL,
    "sealed" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "exchange_key_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "sealing_key" (
    "id" UUID NOT NULL,
    "public_key" BYTEA NOT NULL,
    "wrapped_private_key" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sealing_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_state" (
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "wallet_balance" DECIMAL(38,18) NOT NULL,
    "available" DECIMAL(38,18) NOT NULL,
    "unrealized_pnl" DECIMAL(38,18) NOT NULL,
    "equity" DECIMAL(38,18) NOT NULL,
    "margin_used" DECIMAL(38,18) NOT NULL,
    "net_deposits" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "income_cursor" TEXT,
    "version" BIGINT NOT NULL DEFAULT 1,
    "synced_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_state_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "equity_snapshot" (
    "id" BIGSERIAL NOT NULL,
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "equity" DECIMAL(38,18) NOT NULL,
    "wallet_balance" DECIMAL(38,18) NOT NULL,
    "net_deposits" DECIMAL(38,18) NOT NULL,

    CONSTRAINT "equity_snapshot_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "bot_settings" (
    "user_id" UUID NOT NULL,
    "is_enabled" BOOLEAN NOT NULL DEFAULT true,
    "sizing_mode" TEXT NOT NULL DEFAULT 'alert',
    "equity_percent" DECIMAL(10,4) NOT NULL DEFAULT 10,
    "fixed_quote" DECIMAL(38,18) NOT NULL DEFAULT 100,
    "max_positions" INTEGER NOT NULL DEFAULT 5,
    "default_leverage" INTEGER NOT NULL DEFAULT 10,
    "max_leverage" INTEGER NOT NULL DEFAULT 50,
    "margin_mode" TEXT NOT NULL DEFAULT 'cross',
    "risk_per_trade" DECIMAL(10,4) NOT NULL DEFAULT 2,
    "stop_loss_percent" DECIMAL(10,4) DEFAULT 5,
    "take_profit_percent" DECIMAL(10,4) DEFAULT 10,
    "trailing_stop" BOOLEAN NOT NULL DEFAULT false,
    "allowed_symbols" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "blacklisted_symbols" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "max_notional" DECIMAL(38,18),
    "max_signal_age_seconds" INTEGER NOT NULL DEFAULT 60,
    "spot_ticker_to_perp" BOOLEAN NOT NULL DEFAULT true,
    "version" INTEGER NOT NULL DEFAULT 1,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bot_settings_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "webhook" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "token_tail" TEXT NOT NULL,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "last_seen_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "kill_switch" (
    "scope" TEXT NOT NULL,
    "engaged" BOOLEAN NOT NULL,
    "reason" TEXT,
    "actor_id" UUID,
    "version" INTEGER NOT NULL DEFAULT 1,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "kill_switch_pkey" PRIMARY KEY ("scope")
);

-- CreateTable
CREATE TABLE "route" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "source_kind" TEXT NOT NULL,
    "source_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "is_active" BOOLEAN NOT NULL DEFAULT true,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "route_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signal" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "source_id" UUID NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "committed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "raw_body" BYTEA NOT NULL,
    "body_hash" BYTEA NOT NULL,
    "idempotency_key" TEXT,
    "ticker" TEXT NOT NULL,
    "alert_at" TIMESTAMPTZ(3),
    "alert" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'RECEIVED',
    "tries" INTEGER NOT NULL DEFAULT 0,
    "dispatched_at" TIMESTAMPTZ(3),
    "request_id" TEXT,

    CONSTRAINT "signal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "delivery" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "signal_id" UUID,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT NOT NULL,
    "status_code" INTEGER NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "details" JSONB,
    "raw_body" BYTEA,
    "request_id" TEXT,

    CONSTRAINT "delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "decision" (
    "id" UUID NOT NULL,
    "signal_id" UUID NOT NULL,
    "route_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "outcome" TEXT NOT NULL,
    "intent" TEXT NOT NULL,
    "reason" TEXT,
    "numbers" JSONB NOT NULL,
    "symbol" TEXT,
    "decided_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "decision_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "trade_order" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "route_id" UUID,
    "signal_id" UUID,
    "decision_id" UUID,
    "cause" TEXT NOT NULL,
    "leg" TEXT NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "client_order_id" TEXT NOT NULL,
    "symbol" TEXT NOT NULL,
    "side" TEXT NOT NULL,
    "position_side" TEXT NOT NULL DEFAULT 'BOTH',
    "type" TEXT NOT NULL,
    "quantity_base" DECIMAL(38,18),
    "reduce_fraction" DECIMAL(20,18),
    "price" DECIMAL(38,18),
    "trigger_price" DECIMAL(38,18),
    "reduce_only" BOOLEAN NOT NULL DEFAULT false,
    "leverage" INTEGER,
    "margin_mode" TEXT,
    "stop_price" DECIMAL(38,18),
    "target_price" DECIMAL(38,18),
    "stop_fraction" DECIMAL(20,18),
    "target_fraction" DECIMAL(20,18),
    "state" TEXT NOT NULL DEFAULT 'READY',
    "priority" INTEGER NOT NULL,
    "depends_on_id" UUID,
    "not_before" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "tries" INTEGER NOT NULL DEFAULT 0,
    "reason" TEXT,
    "reason_numbers" JSONB,
    "cancel_requested_at" TIMESTAMPTZ(3),
    "exchange_order_id" TEXT,
    "filled_base" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "average_price" DECIMAL(38,18),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "submitted_at" TIMESTAMPTZ(3),
    "acked_at" TIMESTAMPTZ(3),
    "filled_at" TIMESTAMPTZ(3),
    "protected_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "trade_order_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "id" UUID NOT NULL,
    "order_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "client_order_id" TEXT NOT NULL,
    "signed_at_ms" BIGINT NOT NULL,
    "recv_window_ms" INTEGER NOT NULL,
    "fence" BIGINT NOT NULL,
    "payload_hash" BYTEA NOT NULL,
    "quantity_base" DECIMAL(38,18),
    "state" TEXT NOT NULL DEFAULT 'SUBMITTING',
    "lookups" INTEGER NOT NULL DEFAULT 0,
    "negatives" INTEGER NOT NULL DEFAULT 0,
    "last_negative_at" TIMESTAMPTZ(3),
    "next_lookup_at" TIMESTAMPTZ(3),
    "answer_code" TEXT,
    "answer_text" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolved_at" TIMESTAMPTZ(3),

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "lane" (
    "account_id" UUID NOT NULL,
    "owner" TEXT,
    "fence" BIGINT NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "reconcile_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lane_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "worker_process" (
    "id" TEXT NOT NULL,
    "lock_key" SERIAL NOT NULL,
    "pid" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "worker_process_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "position" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "route_id" UUID,
    "symbol" TEXT NOT NULL,
    "position_side" TEXT NOT NULL DEFAULT 'BOTH',
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "side" TEXT NOT NULL,
    "quantity_base" DECIMAL(38,18) NOT NULL,
    "entry_price" DECIMAL(38,18),
    "mark_price" DECIMAL(38,18),
    "liquidation_price" DECIMAL(38,18),
    "leverage" INTEGER,
    "margin_mode" TEXT,
    "margin" DECIMAL(38,18),
    "unrealized_pnl" DECIMAL(38,18),
    "protection" TEXT NOT NULL DEFAULT 'NONE',
    "stop_price" DECIMAL(38,18),
    "target_price" DECIMAL(38,18),
    "unprotected_since" TIMESTAMPTZ(3),
    "opened_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),
    "synced_at" TIMESTAMPTZ(3) NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "position_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "fill" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "order_id" UUID,
    "route_id" UUID,
    "symbol" TEXT NOT NULL,
    "trade_id" TEXT NOT NULL,
    "exchange_order_id" TEXT NOT NULL,
    "side" TEXT NOT NULL,
    "quantity_base" DECIMAL(38,18) NOT NULL,
    "price" DECIMAL(38,18) NOT NULL,
    "fee" DECIMAL(38,18) NOT NULL,
    "fee_currency" TEXT NOT NULL,
    "realized_pnl" DECIMAL(38,18),
    "is_liquidation" BOOLEAN NOT NULL DEFAULT false,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "fill_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ledger_entry" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "amount" DECIMAL(38,18) NOT NULL,
    "currency" TEXT NOT NULL,
    "symbol" TEXT,
    "venue_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ledger_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "trade" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "route_id" UUID,
    "symbol" TEXT NOT NULL,
    "position_side" TEXT NOT NULL DEFAULT 'BOTH',
    "side" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),
    "entry_base" DECIMAL(38,18) NOT NULL,
    "entry_price" DECIMAL(38,18) NOT NULL,
    "exit_base" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "exit_price" DECIMAL(38,18),
    "gross_pnl" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "fees" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "fee_currency" TEXT NOT NULL,
    "funding" DECIMAL(38,18) NOT NULL DEFAULT 0,
    "is_liquidation" BOOLEAN NOT NULL DEFAULT false,
    "first_trade_id" TEXT NOT NULL,

    CONSTRAINT "trade_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "market" (
    "exchange" TEXT NOT NULL,
    "symbol" TEXT NOT NULL,
    "market_id" TEXT NOT NULL,
    "base" TEXT NOT NULL,
    "quote" TEXT NOT NULL,
    "tick_size" DECIMAL(38,18) NOT NULL,
    "step_size" DECIMAL(38,18) NOT NULL,
    "min_quantity" DECIMAL(38,18) NOT NULL,
    "max_quantity" DECIMAL(38,18),
    "min_notional" DECIMAL(38,18) NOT NULL,
    "max_leverage" INTEGER NOT NULL,
    "contract_size" DECIMAL(38,18) NOT NULL DEFAULT 1,
    "status" TEXT NOT NULL DEFAULT 'TRADING',
    "mark_price" DECIMAL(38,18),
    "mark_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "market_pkey" PRIMARY KEY ("exchange","symbol")
);

-- CreateTable
CREATE TABLE "exchange_request" (
    "id" UUID NOT NULL,
    "user_id" UUID,
    "account_id" UUID,
    "kind" TEXT NOT NULL,
    "params" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'PENDING',
    "result" JSONB,
    "error_code" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "exchange_request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "fact" (
    "id" BIGSERIAL NOT NULL,
    "user_id" UUID,
    "user_version" BIGINT,
    "kind" TEXT NOT NULL,
    "entity" TEXT NOT NULL,
    "entity_id" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "fact_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "user_stream" (
    "user_id" UUID NOT NULL,
    "version" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "user_stream_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "id" BIGSERIAL NOT NULL,
    "actor_id" UUID,
    "user_id" UUID,
    "action" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "ip" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "app_user_email_key" ON "app_user"("email");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_hash_key" ON "session"("token_hash");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "session"("user_id");

-- CreateIndex
CREATE INDEX "session_family_id_idx" ON "session"("family_id");

-- CreateIndex
CREATE INDEX "account_user_id_idx" ON "account"("user_id");

-- CreateIndex
CREATE INDEX "account_key_status_idx" ON "account"("key_status");

-- CreateIndex
CREATE UNIQUE INDEX "equity_snapshot_account_id_at_key" ON "equity_snapshot"("account_id", "at");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_token_hash_key" ON "webhook"("token_hash");

-- CreateIndex
CREATE INDEX "webhook_user_id_idx" ON "webhook"("user_id");

-- CreateIndex
CREATE INDEX "route_account_id_idx" ON "route"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "route_source_kind_source_id_account_id_key" ON "route"("source_kind", "source_id", "account_id");

-- CreateIndex
CREATE INDEX "signal_source_id_ticker_received_at_idx" ON "signal"("source_id", "ticker", "received_at");

-- CreateIndex
CREATE INDEX "signal_user_id_received_at_idx" ON "signal"("user_id", "received_at");

-- CreateIndex
CREATE INDEX "delivery_signal_id_idx" ON "delivery"("signal_id");

-- CreateIndex
CREATE INDEX "delivery_user_id_received_at_idx" ON "delivery"("user_id", "received_at");

-- CreateIndex
CREATE INDEX "decision_user_id_decided_at_idx" ON "decision"("user_id", "decided_at");

-- CreateIndex
CREATE INDEX "decision_account_id_decided_at_idx" ON "decision"("account_id", "decided_at");

-- CreateIndex
CREATE UNIQUE INDEX "decision_signal_id_route_id_key" ON "decision"("signal_id", "route_id");

-- CreateIndex
CREATE UNIQUE INDEX "trade_order_client_order_id_key" ON "trade_order"("client_order_id");

-- CreateIndex
CREATE INDEX "trade_order_state_account_id_idx" ON "trade_order"("state", "account_id");

-- CreateIndex
CREATE INDEX "trade_order_account_id_symbol_state_idx" ON "trade_order"("account_id", "symbol", "state");

-- CreateIndex
CREATE INDEX "trade_order_signal_id_idx" ON "trade_order"("signal_id");

-- CreateIndex
CREATE INDEX "trade_order_user_id_created_at_idx" ON "trade_order"("user_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "trade_order_account_id_cause_leg_revision_key" ON "trade_order"("account_id", "cause", "leg", "revision");

-- CreateIndex
CREATE INDEX "attempt_state_account_id_idx" ON "attempt"("state", "account_id");

-- CreateIndex
CREATE UNIQUE INDEX "attempt_order_id_number_key" ON "attempt"("order_id", "number");

-- CreateIndex
CREATE INDEX "lane_reconcile_at_idx" ON "lane"("reconcile_at");

-- CreateIndex
CREATE UNIQUE INDEX "worker_process_lock_key_key" ON "worker_process"("lock_key");

-- CreateIndex
CREATE INDEX "position_user_id_idx" ON "position"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "position_account_id_symbol_position_side_key" ON "position"("account_id", "symbol", "position_side");

-- CreateIndex
CREATE INDEX "fill_account_id_at_idx" ON "fill"("account_id", "at");

-- CreateIndex
CREATE INDEX "fill_order_id_idx" ON "fill"("order_id");

-- CreateIndex
CREATE UNIQUE INDEX "fill_account_id_symbol_trade_id_key" ON "fill"("account_id", "symbol", "trade_id");

-- CreateIndex
CREATE INDEX "ledger_entry_account_id_at_idx" ON "ledger_entry"("account_id", "at");

-- CreateIndex
CREATE UNIQUE INDEX "ledger_entry_account_id_type_venue_id_key" ON "ledger_entry"("account_id", "type", "venue_id");

-- CreateIndex
CREATE INDEX "trade_user_id_opened_at_idx" ON "trade"("user_id", "opened_at");

-- CreateIndex
CREATE UNIQUE INDEX "trade_account_id_symbol_position_side_first_trade_id_key" ON "trade"("account_id", "symbol", "position_side", "first_trade_id");

-- CreateIndex
CREATE INDEX "market_exchange_market_id_idx" ON "market"("exchange", "market_id");

-- CreateIndex
CREATE INDEX "exchange_request_state_created_at_idx" ON "exchange_request"("state", "created_at");

-- CreateIndex
CREATE INDEX "fact_user_id_at_idx" ON "fact"("user_id", "at");

-- CreateIndex
CREATE UNIQUE INDEX "fact_user_id_user_version_key" ON "fact"("user_id", "user_version");

-- CreateIndex
CREATE INDEX "audit_log_user_id_at_idx" ON "audit_log"("user_id", "at");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "subscription" ADD CONSTRAINT "subscription_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account" ADD CONSTRAINT "account_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "exchange_key" ADD CONSTRAINT "exchange_key_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account_state" ADD CONSTRAINT "account_state_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "bot_settings" ADD CONSTRAINT "bot_settings_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "app_user"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "lane" ADD CONSTRAINT "lane_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

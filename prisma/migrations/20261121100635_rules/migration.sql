-- AlterTable
ALTER TABLE "account_state" ADD COLUMN     "day_result" DECIMAL(38,18),
ADD COLUMN     "peak_result" DECIMAL(38,18),
ADD COLUMN     "result" DECIMAL(38,18),
ADD COLUMN     "trading_day" DATE;

-- AlterTable
ALTER TABLE "bot_settings" ADD COLUMN     "atr_interval" TEXT NOT NULL DEFAULT '1h',
ADD COLUMN     "atr_multiplier" DECIMAL(10,4) NOT NULL DEFAULT 2,
ADD COLUMN     "atr_period" INTEGER NOT NULL DEFAULT 14,
ADD COLUMN     "atr_target_multiplier" DECIMAL(10,4),
ADD COLUMN     "break_even_after_target" INTEGER,
ADD COLUMN     "break_even_percent" DECIMAL(10,4),
ADD COLUMN     "cool_down_after" TEXT NOT NULL DEFAULT 'loss',
ADD COLUMN     "cool_down_minutes" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "daily_loss_percent" DECIMAL(10,4),
ADD COLUMN     "fixed_quantity" DECIMAL(38,18),
ADD COLUMN     "max_drawdown_percent" DECIMAL(10,4),
ADD COLUMN     "max_slippage_percent" DECIMAL(10,4),
ADD COLUMN     "stop_mode" TEXT NOT NULL DEFAULT 'percent',
ADD COLUMN     "targets" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "trailing_activation_percent" DECIMAL(10,4),
ADD COLUMN     "trailing_percent" DECIMAL(10,4) NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "trade_order" ADD COLUMN     "callback_percent" DECIMAL(10,4),
ADD COLUMN     "level" INTEGER,
ADD COLUMN     "plan" JSONB;

-- AlterTable
ALTER TABLE "position" ADD COLUMN     "plan" JSONB;

-- CreateTable
CREATE TABLE "account_rules" (
    "account_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "overrides" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "account_rules_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "market_range" (
    "exchange" TEXT NOT NULL,
    "symbol" TEXT NOT NULL,
    "interval" TEXT NOT NULL,
    "period" INTEGER NOT NULL,
    "range" DECIMAL(38,18) NOT NULL,
    "closed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "market_range_pkey" PRIMARY KEY ("exchange","symbol","interval","period")
);

-- AddForeignKey
ALTER TABLE "account_rules" ADD CONSTRAINT "account_rules_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- DropIndex
DROP INDEX "trade_order_state_account_id_idx";

-- DropIndex
DROP INDEX "attempt_state_account_id_idx";

-- Looked for by its state is only what is not over. An order that has ended and a request that was answered leave these indexes, which stay as small as
-- what is under way, however much there was.
CREATE INDEX "trade_order_open_idx" ON "trade_order" ("state", "account_id") WHERE "state" IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL');
CREATE INDEX "attempt_unresolved_idx" ON "attempt" ("account_id") WHERE "resolved_at" IS NULL;

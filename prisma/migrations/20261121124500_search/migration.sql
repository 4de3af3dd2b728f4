ALTER TABLE "fact" DROP CONSTRAINT "fact_level_check";
ALTER TABLE "fact" ADD CONSTRAINT "fact_level_check" CHECK ("level" IN ('INFO', 'SUCCESS', 'WARNING', 'ERROR', 'TELEGRAM'));

-- Searching logs by words: any part of a text is found by its groups of three letters, within one person's rows.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- New rows wait in a list beside the index, which is looked through too. It is kept short, so that no alert waits long for emptying it.
CREATE INDEX "signal_body_idx" ON "signal" USING gin ("user_id", lower(encode("raw_body", 'escape')) gin_trgm_ops) WITH (gin_pending_list_limit = 256);
CREATE INDEX "delivery_body_idx" ON "delivery" USING gin ("user_id", lower(encode("raw_body", 'escape')) gin_trgm_ops) WHERE "outcome" = 'REJECTED';
CREATE INDEX "fact_words_idx" ON "fact" USING gin ("user_id", lower(translate("kind" || ' ' || "payload"::text, '-_', '  ')) gin_trgm_ops)
  WITH (gin_pending_list_limit = 256) WHERE "level" IS NOT NULL;

-- An order asked for by the id that the exchange gave it.
CREATE INDEX "trade_order_exchange_order_id_idx" ON "trade_order" ("exchange_order_id") WHERE "exchange_order_id" IS NOT NULL;

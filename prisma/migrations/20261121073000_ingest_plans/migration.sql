-- Planned once: planning the call again each time costs more than running it.
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', 'ingest_signals'::regproc::oid::regprocedure);
END
$$;

-- Most alerts carry no key; those need no place in its index.
DROP INDEX "signal_source_id_idempotency_key_key";
CREATE UNIQUE INDEX "signal_source_id_idempotency_key_key" ON "signal" ("source_id", "idempotency_key") WHERE "idempotency_key" IS NOT NULL;

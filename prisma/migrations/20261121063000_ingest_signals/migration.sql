-- Room on the page for the one update that marks a delivery as acknowledged.
ALTER TABLE "delivery" SET (fillfactor = 80);

-- What waits for a decision; a signal that was dealt with needs no place in it.
CREATE INDEX "signal_waiting_idx" ON "signal" ("received_at", "id") WHERE "state" = 'RECEIVED';

-- Most alerts carry no key; those need no place in its index.
CREATE UNIQUE INDEX "signal_source_id_idempotency_key_key" ON "signal" ("source_id", "idempotency_key") WHERE "idempotency_key" IS NOT NULL;

-- One index for one question, so that no plan can answer it with another one and read everything a source ever sent:
-- the last alert with this text at this address.
CREATE INDEX "signal_same_text_idx" ON "signal" (sha256(uuid_send("source_id") || "body_hash"), "received_at");

-- Rows of concurrent requests, committed together by one call.
--
-- p_signals: one element of each array per alert, in the order of arrival (received_at, id rises with it).
-- p_delivery_ids: null where the signal did not come through a webhook.
-- p_acknowledged: deliveries whose 2xx was fully written since the last call.
-- p_seen_webhooks: webhooks whose last_seen_at is due.
-- Answers one row per alert: the signal it is, and whether that signal was there before.
CREATE FUNCTION ingest_signals(
  p_ids uuid[],
  p_user_ids uuid[],
  p_sources text[],
  p_source_ids uuid[],
  p_received_at timestamptz[],
  p_raw_bodies bytea[],
  p_keys text[],
  p_tickers text[],
  p_alert_at timestamptz[],
  p_alerts text[],
  p_request_ids text[],
  p_delivery_ids uuid[],
  p_acknowledged uuid[],
  p_acknowledged_at timestamptz[],
  p_seen_webhooks uuid[],
  p_window_ms integer
) RETURNS TABLE (ordinal integer, signal_id uuid, duplicate boolean)
LANGUAGE plpgsql
-- Planned once, and not for empty tables: planning again costs more than running.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
  v_window interval := make_interval(secs => p_window_ms / 1000.0);
  v_now timestamptz;
  v_count integer := coalesce(array_length(p_ids, 1), 0);
  v_hashes bytea[];
  v_texts bytea[];
  v_earlier uuid[];
  v_inserted uuid[];
  v_signal_ids uuid[] := p_ids;
  v_duplicates boolean[] := array_fill(false, ARRAY[greatest(v_count, 1)]);
  v_found uuid;
  i integer;
BEGIN
  -- One writer per source, sources always in the same order: what follows sees every committed signal of these sources.
  PERFORM pg_advisory_xact_lock(locks.key)
     FROM (SELECT DISTINCT hashtextextended(s::text, 7140) AS key FROM unnest(p_source_ids) AS s ORDER BY 1) AS locks;
  v_now := clock_timestamp();

  IF cardinality(p_acknowledged) > 0 THEN
    UPDATE delivery AS d SET acknowledged_at = written.at
      FROM unnest(p_acknowledged, p_acknowledged_at) AS written(id, at)
     WHERE d.id = written.id;
  END IF;
  IF cardinality(p_seen_webhooks) > 0 THEN
    UPDATE webhook AS w SET last_seen_at = v_now
      FROM (SELECT b.id FROM webhook AS b WHERE b.id = ANY (p_seen_webhooks) ORDER BY b.id FOR NO KEY UPDATE) AS seen
     WHERE w.id = seen.id;
  END IF;

  -- Bodies without a key that are known, or came twice in this call, are looked at one by one below.
  SELECT array_agg(r.hash ORDER BY r.n), array_agg(sha256(uuid_send(r.source_id) || r.hash) ORDER BY r.n) INTO v_hashes, v_texts
    FROM (SELECT x.n, x.source_id, sha256(x.raw) AS hash FROM unnest(p_source_ids, p_raw_bodies) WITH ORDINALITY AS x(source_id, raw, n)) AS r;
  SELECT array_agg(coalesce(c.known, nullif(c.first, c.id)) ORDER BY c.n) INTO v_earlier
    FROM (SELECT r.n, r.id,
                 CASE WHEN r.key IS NULL THEN first_value(r.id) OVER (PARTITION BY r.text, r.key IS NULL ORDER BY r.n) ELSE r.id END AS first,
                 CASE WHEN r.key IS NULL
                   THEN (SELECT CASE WHEN s.received_at > r.received_at - v_window THEN s.id END
                           FROM (SELECT e.id, e.received_at FROM signal AS e WHERE sha256(uuid_send(e.source_id) || e.body_hash) = r.text
                                  ORDER BY e.received_at DESC LIMIT 1) AS s)
                 END AS known
            FROM unnest(p_ids, p_received_at, p_keys, v_texts) WITH ORDINALITY AS r(id, received_at, key, text, n)) AS c;

  -- The rest goes in at once. Whether a key is new, the unique index alone decides.
  WITH inserted AS (
    INSERT INTO signal (id, user_id, source, source_id, received_at, committed_at, raw_body, body_hash, idempotency_key, ticker, alert_at, alert, request_id)
    SELECT r.id, r.user_id, r.source, r.source_id, r.received_at, v_now, r.raw, r.hash, r.key, r.ticker, r.alert_at, r.alert::jsonb, r.request_id
      FROM unnest(p_ids, p_user_ids, p_sources, p_source_ids, p_received_at, p_raw_bodies, v_hashes, p_keys, p_tickers, p_alert_at, p_alerts, p_request_ids, v_earlier)
        WITH ORDINALITY
        AS r(id, user_id, source, source_id, received_at, raw, hash, key, ticker, alert_at, alert, request_id, earlier, n)
     WHERE r.earlier IS NULL
     ORDER BY r.n
    ON CONFLICT DO NOTHING
    RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO v_inserted FROM inserted;

  FOR i IN 1..v_count LOOP
    CONTINUE WHEN p_ids[i] = ANY (v_inserted);
    IF p_keys[i] IS NOT NULL THEN
      SELECT s.id INTO v_found FROM signal AS s WHERE s.source_id = p_source_ids[i] AND s.idempotency_key = p_keys[i] LIMIT 1;
    ELSE
      -- The same text again is the same alert, unless its sender knows that we have the first one and said something else in between.
      SELECT s.id INTO v_found
        FROM (SELECT e.* FROM signal AS e
               WHERE sha256(uuid_send(e.source_id) || e.body_hash) = v_texts[i]
               ORDER BY e.received_at DESC, e.id DESC LIMIT 1) AS s
       WHERE s.received_at > p_received_at[i] - v_window
         AND NOT (EXISTS (SELECT 1 FROM delivery AS d WHERE d.signal_id = s.id AND d.acknowledged_at IS NOT NULL)
             AND EXISTS (
               SELECT 1 FROM signal AS b
                WHERE b.source_id = s.source_id AND b.ticker = s.ticker AND b.body_hash <> s.body_hash
                  AND (b.received_at, b.id) > (s.received_at, s.id) AND (b.received_at, b.id) < (p_received_at[i], p_ids[i])));
    END IF;
    IF v_found IS NULL THEN
      INSERT INTO signal (id, user_id, source, source_id, received_at, committed_at, raw_body, body_hash, idempotency_key, ticker, alert_at, alert, request_id)
      VALUES (p_ids[i], p_user_ids[i], p_sources[i], p_source_ids[i], p_received_at[i], v_now, p_raw_bodies[i], v_hashes[i], p_keys[i],
              p_tickers[i], p_alert_at[i], p_alerts[i]::jsonb, p_request_ids[i]);
    ELSE
      v_signal_ids[i] := v_found;
      v_duplicates[i] := true;
    END IF;
  END LOOP;

  INSERT INTO delivery (id, user_id, webhook_id, signal_id, received_at, outcome, status_code, request_id)
  SELECT r.delivery_id, r.user_id, r.source_id, r.signal_id, r.received_at, CASE WHEN r.duplicate THEN 'DUPLICATE' ELSE 'ACCEPTED' END, 200, r.request_id
    FROM unnest(p_delivery_ids, p_user_ids, p_source_ids, v_signal_ids, p_received_at, v_duplicates, p_request_ids)
      AS r(delivery_id, user_id, source_id, signal_id, received_at, duplicate, request_id)
   WHERE r.delivery_id IS NOT NULL;

  RETURN QUERY SELECT r.n::integer, r.id, r.duplicate FROM unnest(v_signal_ids, v_duplicates) WITH ORDINALITY AS r(id, duplicate, n) WHERE r.n <= v_count;
END
$$;

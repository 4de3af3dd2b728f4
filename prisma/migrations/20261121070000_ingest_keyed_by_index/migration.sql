-- A key is new when the unique index lets it in: one guard, not a question asked before.
CREATE OR REPLACE FUNCTION ingest_signals(
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
-- Plans made while the tables are empty must not scan them later.
SET enable_seqscan = off
AS $$
DECLARE
  v_window interval := make_interval(secs => p_window_ms / 1000.0);
  v_now timestamptz;
  v_count integer := coalesce(array_length(p_ids, 1), 0);
  v_hashes bytea[];
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
  SELECT array_agg(sha256(r.raw) ORDER BY r.n) INTO v_hashes
    FROM unnest(p_raw_bodies) WITH ORDINALITY AS r(raw, n);
  SELECT array_agg(coalesce(c.known, nullif(c.first, c.id)) ORDER BY c.n) INTO v_earlier
    FROM (SELECT r.n, r.id,
                 CASE WHEN r.key IS NULL THEN first_value(r.id) OVER (PARTITION BY r.source_id, r.hash, r.key IS NULL ORDER BY r.n) ELSE r.id END AS first,
                 CASE WHEN r.key IS NULL
                   THEN (SELECT s.id FROM signal AS s
                          WHERE s.source_id = r.source_id AND s.body_hash = r.hash AND s.received_at > r.received_at - v_window LIMIT 1)
                 END AS known
            FROM unnest(p_ids, p_source_ids, p_received_at, p_keys, v_hashes) WITH ORDINALITY AS r(id, source_id, received_at, key, hash, n)) AS c;

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
               WHERE e.source_id = p_source_ids[i] AND e.body_hash = v_hashes[i]
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

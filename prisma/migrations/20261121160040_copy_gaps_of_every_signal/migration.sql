-- How many decisions are missing: every signal that was dealt with, or set aside, has one for each follow that was there when it was committed; what
-- carries out a held signal too, and what is for one follow has one of that follow. Tests and replays are for nobody else. Always 0.
CREATE OR REPLACE FUNCTION copy_decision_gaps(p_since timestamptz DEFAULT '-infinity') RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (SELECT count(*)
            FROM signal s
            JOIN route r ON r.source_id = s.source_id AND r.follow_id IS NOT NULL AND r.source_kind = CASE s.source WHEN 'RELEASE' THEN 'WEBHOOK' ELSE s.source END
            JOIN follow f ON f.id = r.follow_id AND f.joined_at < s.committed_at AND (f.stopped_at IS NULL OR f.stopped_at >= s.committed_at)
           WHERE s.state IN ('DISPATCHED', 'DEAD') AND s.committed_at > p_since
             AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.id AND d.route_id = r.id))
       + (SELECT count(*)
            FROM signal s
            JOIN follow f ON f.id = s.source_id
           WHERE s.source = 'FOLLOW' AND s.state IN ('DISPATCHED', 'DEAD') AND s.committed_at > p_since
             AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.id AND d.route_id = f.route_id))
$$;

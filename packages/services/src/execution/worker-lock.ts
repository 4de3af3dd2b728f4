/** First key of the session advisory locks that prove a worker alive; the second is worker_process.lock_key. */
export const WORKER_LOCK_NAMESPACE = 7_202_601

/** Names of workers whose session lock stands. */
export const LIVE_WORKERS = `
  SELECT w.id FROM worker_process w JOIN pg_locks k
    ON k.locktype = 'advisory' AND k.objsubid = 2 AND k.granted AND k.classid = ${WORKER_LOCK_NAMESPACE} AND k.objid = w.lock_key::oid
   AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/**
 * May lane `l` be taken by worker $1? Free, or its lease is over, or its owner is gone and left nothing that it could still be sending: a request
 * on its way is fenced by time alone, since a process that lost its database session may still be running. Lanes in $2 are being worked by $1 itself.
 */
export const LANE_IS_FREE = `(
  l.owner IS NULL
  OR l.lease_until <= clock_timestamp()
  OR (l.owner = $1 AND NOT l.account_id = ANY($2::uuid[]))
  OR (l.owner <> $1 AND NOT EXISTS (SELECT 1 FROM live WHERE live.id = l.owner)
      AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.account_id = l.account_id AND a.state IN ('SUBMITTING', 'UNKNOWN') AND a.resolved_at IS NULL)))`

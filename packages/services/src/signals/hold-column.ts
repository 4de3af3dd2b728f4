/** The hold of a signal as its view (contracts: HoldView), or null. */
export function holdColumn(signal: string): string {
  const iso = (column: string) => `to_char(h.${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  return `(SELECT json_build_object('state', h.state, 'missingFrom', h.missing_from, 'missingTo', h.missing_to, 'heldAt', ${iso('held_at')},
            'expiresAt', ${iso('expires_at')}, 'settledAt', ${iso('settled_at')}, 'releaseId', h.release_id)
       FROM signal_hold h WHERE h.signal_id = ${signal}.id) AS hold`
}

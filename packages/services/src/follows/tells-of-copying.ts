/**
 * SQL: whether a decision tells of the follow at all. What is sent for a follow itself, as it stops or is repaired, and finds nothing to close is nothing that
 * was not copied: no leader asked for it.
 */
export function tellsOfCopying(decision: string): string {
  return `(${decision}.reason IS DISTINCT FROM 'NOTHING_TO_CLOSE'
      OR NOT EXISTS (SELECT 1 FROM signal own WHERE own.id = ${decision}.signal_id AND own.source = 'FOLLOW'))`
}

/** SQL: what a leader knows the follow with this id by. */
export function handleOf(followId: string): string {
  return `'Follower ' || upper(right(${followId}::text, 6))`
}

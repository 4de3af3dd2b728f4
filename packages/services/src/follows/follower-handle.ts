/** What a leader knows a follower by: made of the follow, telling nothing of the person. */
export function followerHandle(followId: string): string {
  return `Follower ${followId.slice(-6).toUpperCase()}`
}

/** The same as SQL. @param followId an expression */
export function followerHandleSql(followId: string): string {
  return `'Follower ' || upper(right(${followId}::text, 6))`
}

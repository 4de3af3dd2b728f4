/** What a leader knows a follower by: made of the follow, telling nothing of the person. As listFollowers makes it. */
export function followerHandle(followId: string): string {
  return `Follower ${followId.slice(-6).toUpperCase()}`
}

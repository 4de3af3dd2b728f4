/**
 * SQL: what others know a leader by: the public name they chose, else one made of their id. Never a part of their name or e-mail.
 * @param user alias of app_user
 */
export function leaderNameSql(user: string): string {
  return `coalesce(${user}.public_name, 'Leader ' || upper(right(${user}.id::text, 6)))`
}

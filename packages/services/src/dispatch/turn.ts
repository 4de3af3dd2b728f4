/**
 * Who comes when: drawn anew for every signal, so that nobody is always last, and the same however often it is asked.
 * @param signal and @param account SQL of type uuid
 */
export function turnOf(signal: string, account: string): string {
  return `hashtextextended(${signal}::text || ${account}::text, 0)`
}

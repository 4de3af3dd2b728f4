/**
 * The first text in what came in that PostgreSQL does not keep: one with a NUL, or with half of a surrogate pair.
 * @returns the path of its field; undefined: none
 */
export function findUnstorable(value: unknown, whole: string): string | undefined {
  const open: { readonly value: unknown; readonly path: string }[] = [{ value, path: '' }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: part, path } = next
    if (typeof part === 'string' && (part.includes('\u0000') || !part.isWellFormed())) return path === '' ? whole : path
    if (typeof part !== 'object' || part === null) continue
    for (const [key, inner] of Object.entries(part)) open.push({ value: inner, path: path === '' ? key : `${path}.${key}` })
  }
  return undefined
}

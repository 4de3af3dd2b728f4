import { readEnvironment } from './environment.ts'

/** On DATABASE_URL, as in an image; else on the database of this checkout. */
export async function onDatabase<T>(work: (databaseUrl: string) => Promise<T>): Promise<T> {
  const given = readEnvironment()['DATABASE_URL']
  if (given !== undefined) return work(given)
  // Images have no database of their own, nor the package that runs one.
  const { withDatabase } = await import('./database.ts')
  return withDatabase(work)
}

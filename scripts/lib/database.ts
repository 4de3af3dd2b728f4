import { join } from 'node:path'
import { findPostgres, holdFolder, startPostgres } from '@matic/local'
import { dataFolder, readEnvironment } from './environment.ts'

/** Runs `work` on DATABASE_URL, on the server that `npm start` runs, or on one started for it. */
export async function withDatabase<T>(work: (databaseUrl: string) => Promise<T>): Promise<T> {
  const env = readEnvironment()
  const given = env['DATABASE_URL']
  if (given !== undefined) return work(given)

  const folder = dataFolder(env)
  const dataDir = join(folder, 'postgres')
  const hold = holdFolder(folder, 'start')
  if ('heldBy' in hold) {
    const url = findPostgres({ dataDir })
    if (url === undefined)
      throw new Error(`Process ${hold.heldBy} uses ${folder} but its database is not up: try again in a moment, or stop it`)
    return work(url)
  }

  using _ = hold
  const postgres = await startPostgres({ dataDir })
  try {
    return await work(postgres.url)
  } finally {
    await postgres.stop()
  }
}

import { join } from 'node:path'
import { findPostgres, startPostgres, waitToHoldFolder } from '@matic/local'
import { dataFolder, readEnvironment } from './environment.ts'

/** Runs `work` on DATABASE_URL, on the server that `npm start` runs, or on one started for it. */
export async function withDatabase<T>(work: (databaseUrl: string) => Promise<T>): Promise<T> {
  const env = readEnvironment()
  const given = env['DATABASE_URL']
  if (given !== undefined) return work(given)

  const folder = dataFolder(env)
  const dataDir = join(folder, 'postgres')
  const isUp = (): boolean => findPostgres({ dataDir }) !== undefined
  const hold = await waitToHoldFolder({
    ...platformHold(folder),
    purpose: 'a short task',
    isWorthWaiting: ({ purpose }) => purpose !== platformPurpose || !isUp(),
  })
  if ('pid' in hold) {
    const url = findPostgres({ dataDir })
    if (url === undefined) throw new Error(`Process ${hold.pid} uses ${folder} but its database does not come up: stop it and try again`)
    return work(url)
  }

  using _hold = hold
  const postgres = await startPostgres({ dataDir })
  try {
    return await work(postgres.url)
  } finally {
    await postgres.stop()
  }
}

export const platformPurpose = 'the platform'

/** The mark that whoever uses a data folder puts there. */
export function platformHold(folder: string): { folder: string; name: string } {
  return { folder, name: 'in-use' }
}

import { setTimeout as sleep } from 'node:timers/promises'
// By its path: in an image only the rooms themselves have packages.
import { migrate } from '../prisma/migrate.ts'

const WAIT_MS = 60_000
const RETRY_MS = 500
/** Not there yet, still starting, or a name the network does not know yet. */
const NOT_YET = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03'])

/** Pending migrations, before anything else starts on a server. Several at once are safe: one works, the others wait. */
async function deploy(databaseUrl: string): Promise<void> {
  const givenUpAtMs = Date.now() + WAIT_MS
  for (;;) {
    try {
      const applied = await migrate({ databaseUrl, onApply: (name) => process.stdout.write(`✓ ${name}\n`) })
      process.stdout.write(applied.length === 0 ? 'The database is up to date.\n' : `${applied.length} migrations applied.\n`)
      return
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (!NOT_YET.has(code) || Date.now() > givenUpAtMs) throw error
      await sleep(RETRY_MS)
    }
  }
}

const databaseUrl = process.env['DATABASE_URL']
if (databaseUrl === undefined || databaseUrl === '') {
  process.stderr.write('DATABASE_URL is missing: set postgresql://user:password@host:5432/matic\n')
  process.exitCode = 1
} else {
  await deploy(databaseUrl)
}

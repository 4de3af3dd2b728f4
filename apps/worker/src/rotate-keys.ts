import { createDb } from '@matic/db'
import { createClock, createIds, createRandom, EnvError, readWorkerEnv } from '@matic/platform'
import { rotateKeys } from '@matic/services/accounts/rotate-keys'

// Seals every exchange key anew, where the workers run: node apps/worker/src/rotate-keys.ts
const say = (line: string): boolean => process.stdout.write(`${line}\n`)
const complain = (line: string): boolean => process.stderr.write(`${line}\n`)

try {
  const { secrets } = readWorkerEnv()
  const db = createDb({ databaseUrl: secrets.databaseUrl.reveal(), applicationName: 'keys rotate', poolSize: 2 })
  const random = createRandom()
  const { resumed, resealed, destroyed } = await rotateKeys({
    db,
    random,
    newId: createIds({ clock: createClock(), random }),
    encryptionKey: secrets.encryptionKey,
    onProgress: (progress) => say(`  ${progress.resealed} sealed anew, ${progress.left} left`),
  }).finally(() => db.close())
  say(
    `✓ ${resumed ? 'carried on: ' : ''}${resealed} exchange keys sealed anew, ${destroyed} old pair${destroyed === 1 ? '' : 's'} destroyed`,
  )
} catch (error) {
  complain(error instanceof Error ? error.message : String(error))
  if (!(error instanceof EnvError)) complain('Nothing is lost: run it again and it carries on.')
  process.exitCode = 1
}

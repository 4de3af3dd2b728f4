import { createDb } from '@matic/db'
import { createClock, createIds, createRandom, createSecret } from '@matic/platform'
import { rotateKeys } from '@matic/services/accounts/rotate-keys'
import { withDatabase } from './lib/database.ts'
import { dataFolder, readEnvironment } from './lib/environment.ts'
import { explain, fail, say } from './lib/say.ts'
import { loadSecrets } from './platform/secrets.ts'

const env = readEnvironment()
const encryptionKey = Buffer.from(env['ENCRYPTION_KEY'] ?? loadSecrets({ folder: dataFolder(env), env }).ENCRYPTION_KEY, 'base64')
if (encryptionKey.length !== 32) fail('ENCRYPTION_KEY is not base64 of 32 bytes.', 'Give the one that the workers run with.')

try {
  const { resumed, resealed, destroyed } = await withDatabase(async (databaseUrl) => {
    const db = createDb({ databaseUrl, applicationName: 'keys rotate', poolSize: 2 })
    const random = createRandom()
    try {
      return await rotateKeys({
        db,
        random,
        newId: createIds({ clock: createClock(), random }),
        encryptionKey: createSecret(new Uint8Array(encryptionKey)),
        onProgress: (progress) => say(`  ${progress.resealed} sealed anew, ${progress.left} left`),
      })
    } finally {
      await db.close()
    }
  })
  say(
    `✓ ${resumed ? 'carried on: ' : ''}${resealed} exchange keys sealed anew, ${destroyed} old pair${destroyed === 1 ? '' : 's'} destroyed`,
  )
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, 'Nothing is lost: run it again and it carries on.', ...remedies)
}

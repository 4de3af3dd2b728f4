import { mkdirSync } from 'node:fs'
import { migrate } from '@matic/prisma/migrate'
import { seed } from '@matic/prisma/seed'
import { withDatabase } from './lib/database.ts'
import { dataFolder, readEnvironment } from './lib/environment.ts'
import { explain, fail, say } from './lib/say.ts'
import { loadSecrets } from './platform/secrets.ts'

const env = readEnvironment()
const folder = dataFolder(env)
mkdirSync(folder, { recursive: true })
try {
  await withDatabase(async (databaseUrl) => {
    await migrate({ databaseUrl })
    await seed({ databaseUrl, env: { ...env, ...loadSecrets({ folder, env }) } })
  })
  say('✓ the development users are there: user@matic.test / user123456, admin@matic.test / admin123456')
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

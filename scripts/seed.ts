import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { migrate } from '@matic/prisma/migrate'
import { seed } from '@matic/prisma/seed'
import { seedFollowers } from '@matic/prisma/seed-followers'
import { withDatabase } from './lib/database.ts'
import { dataFolder, readEnvironment } from './lib/environment.ts'
import { explain, fail, say } from './lib/say.ts'
import { loadSecrets } from './platform/secrets.ts'

const { values } = parseArgs({ options: { followers: { type: 'string', default: '0' } } })
const env = readEnvironment()
const folder = dataFolder(env)
mkdirSync(folder, { recursive: true })
try {
  await withDatabase(async (databaseUrl) => {
    await migrate({ databaseUrl })
    const { userId } = await seed({ databaseUrl, env: { ...env, ...loadSecrets({ folder, env }) } })
    const count = Number(values.followers)
    if (count > 0) {
      await seedFollowers({ databaseUrl, count, leaderUserId: userId, password: 'user123456', depositUsdt: '10000' })
      say(`✓ ${count} accounts follow user@matic.test’s strategy: follower-00001@matic.test / user123456 and on`)
    }
  })
  say('✓ the development users are there: user@matic.test / user123456, admin@matic.test / admin123456')
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

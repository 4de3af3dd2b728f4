import { migrate } from '@matic/prisma/migrate'
import { withDatabase } from './lib/database.ts'
import { explain, fail, say } from './lib/say.ts'

try {
  const applied = await withDatabase((databaseUrl) => migrate({ databaseUrl, onApply: (name) => say(`✓ ${name}`) }))
  say(applied.length === 0 ? 'The database is up to date.' : `${applied.length} migrations applied.`)
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

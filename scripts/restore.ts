import { parseArgs } from 'node:util'
import { restoreBackup } from '../prisma/backup/restore-backup.ts'
import { onDatabase } from './lib/on-database.ts'
import { explain, fail, say } from './lib/say.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { replace: { type: 'boolean', default: false } } })
const [path] = positionals
if (path === undefined) fail('Which backup?', 'npm run restore -- .data/backups/matic-….sql.gz --replace')

try {
  const { header, rows } = await onDatabase((databaseUrl) => restoreBackup({ databaseUrl, path, replace: values.replace }))
  say(`✓ ${Object.values(rows).reduce((sum, count) => sum + count, 0)} rows as they were at ${header.takenAt}`)
  say('  Opens are stopped. Start the platform, look at positions and accounts, then release the global kill switch.')
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, 'The database is as it was.', ...remedies)
}

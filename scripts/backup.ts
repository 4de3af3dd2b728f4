import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { takeBackup } from '../prisma/backup/take-backup.ts'
import { dataFolder, readEnvironment } from './lib/environment.ts'
import { onDatabase } from './lib/on-database.ts'
import { explain, fail, say } from './lib/say.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { keep: { type: 'string' } } })
const keepDays = values.keep === undefined ? undefined : Number(values.keep)
if (keepDays !== undefined && !(keepDays > 0)) fail('--keep takes a number of days, such as --keep 7')

try {
  const folder = positionals[0] ?? join(dataFolder(readEnvironment()), 'backups')
  const { path, rows } = await onDatabase((databaseUrl) => takeBackup({ databaseUrl, folder, keepDays }))
  say(`✓ ${path}: ${Object.values(rows).reduce((sum, count) => sum + count, 0)} rows of ${Object.keys(rows).length} tables`)
  say('  Keep ENCRYPTION_KEY and CLIENT_ORDER_ID_KEY somewhere else: they are not in it, and exchange keys do not open without the first.')
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

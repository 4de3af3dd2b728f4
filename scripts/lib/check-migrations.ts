import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { schemaPath } from '@matic/prisma/diff'
import { migrationsFolder, readMigrations } from '@matic/prisma/migrations-on-disk'
import { fail, say } from './say.ts'

const last = readMigrations().at(-1)
if (last === undefined) fail('There are no migrations.')
const recorded = readFileSync(join(migrationsFolder, last.name, 'schema.prisma'), 'utf8')
if (recorded !== readFileSync(schemaPath, 'utf8')) {
  fail(
    `prisma/schema.prisma differs from the one beside ${last.name}.`,
    'Run: npm run migrate:new <what changes>',
    'When it says that there is nothing to write, only comments changed: copy the schema beside the newest migration.',
  )
}
say('✓ the newest migration leads to prisma/schema.prisma')

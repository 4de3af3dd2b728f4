import { makeAdmin } from '../prisma/make-admin.ts'
import { onDatabase } from './lib/on-database.ts'
import { explain, fail, say } from './lib/say.ts'

const [email] = process.argv.slice(2)
if (email === undefined) fail('Who?', 'npm run admin -- you@example.org')

try {
  const { password } = await onDatabase((databaseUrl) => makeAdmin({ databaseUrl, email }))
  say(`✓ ${email} is the main administrator`)
  if (password !== null) say(`  Password, shown this once: ${password}`)
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

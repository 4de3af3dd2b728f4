import { forgetTwoStep } from '../prisma/forget-two-step.ts'
import { makeAdmin } from '../prisma/make-admin.ts'
import { onDatabase } from './lib/on-database.ts'
import { explain, fail, say } from './lib/say.ts'

const [email, flag] = process.argv.slice(2)
if (email === undefined) fail('Who?', 'npm run admin -- you@example.org', 'npm run admin -- you@example.org --two-step-off')
if (flag !== undefined && flag !== '--two-step-off') fail(`${flag} is not known`, 'npm run admin -- you@example.org --two-step-off')

try {
  if (flag === undefined) await raise(email)
  else await forget(email)
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

async function raise(address: string): Promise<void> {
  const { password } = await onDatabase((databaseUrl) => makeAdmin({ databaseUrl, email: address }))
  say(`✓ ${address} is the main administrator`)
  if (password !== null) say(`  Password, shown this once: ${password}`)
  say('  In production what is for administrators opens once two-step sign-in is on: Settings, Security')
}

async function forget(address: string): Promise<void> {
  await onDatabase((databaseUrl) => forgetTwoStep({ databaseUrl, email: address }))
  say(`✓ ${address} signs in with the password alone, until two-step sign-in is set up again`)
}

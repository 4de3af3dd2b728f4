import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { withLock } from './lock.mjs'
import { failStep, root, runShown, say } from './shell.mjs'

const generated = join(root, 'packages', 'db', 'src', 'generated')
const stampPath = join(generated, '.schema-hash')
// Where it is in an image too, which has no packages at the root.
const prisma = join(root, 'prisma', 'node_modules', 'prisma')

/** Generates the Prisma client when the schema or Prisma itself changed. */
export async function ensureClient(node) {
  const schema = join(root, 'prisma', 'schema.prisma')
  if (!existsSync(schema)) return
  const fingerprint = createHash('sha256')
    .update(readFileSync(schema))
    .update(readFileSync(join(prisma, 'package.json')))
    .digest('hex')
  if (isFresh(fingerprint)) return
  await withLock(() => generate(node, schema, fingerprint))
}

async function generate(node, schema, fingerprint) {
  if (isFresh(fingerprint)) return
  say('• Generating the database client')
  const { code, tail } = await runShown({
    command: node.command,
    args: [...node.arguments, join(prisma, 'build', 'index.js'), 'generate', '--no-hints', '--schema', schema],
    // The generator needs no engine; any existing executable keeps Prisma from downloading one.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: node.command, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    quiet: true,
  })
  if (code !== 0) {
    say(tail)
    failStep('Generating the database client', tail)
  }
  writeFileSync(stampPath, fingerprint)
}

function isFresh(fingerprint) {
  return existsSync(stampPath) && readFileSync(stampPath, 'utf8') === fingerprint
}

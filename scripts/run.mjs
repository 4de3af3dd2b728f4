// The door of every npm script. Plain JavaScript for Node 20: it runs before anything is installed,
// makes the checkout ready (packages, pinned Node, Prisma client) and hands over to a TypeScript file.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { ensureClient } from './setup/client.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { whenNpmIsGone } from './setup/parents.mjs'
import { fail, root, usableHome } from './setup/shell.mjs'

const oldestNodeMajor = 20

const [script, ...scriptArguments] = process.argv.slice(2)
if (script === undefined) fail('Usage: node scripts/run.mjs <script.ts> [arguments]')
if (Number(process.versions.node.split('.')[0]) < oldestNodeMajor) {
  fail(`Node ${process.versions.node} is too old.`, `Install Node ${oldestNodeMajor} or newer from https://nodejs.org, then try again.`)
}

const home = usableHome()
if (home !== undefined) Object.assign(process.env, { HOME: home, npm_config_cache: join(home, '.npm') })

const node = await ensurePackages()
await ensureClient(node)

const child = spawn(node.command, [...node.arguments, '--disable-warning=ExperimentalWarning', join(root, script), ...scriptArguments], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter) },
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
whenNpmIsGone(() => child.kill('SIGTERM'))

child.on('error', (error) => fail(`Could not start ${node.command}: ${error.message}`))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)
})

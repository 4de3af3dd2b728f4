// `npm run install:production -- api web`: the packages these rooms run on and nothing else, and the Prisma client.
// Plain JavaScript without dependencies: images call it before anything is installed.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { ensureClient } from './setup/client.mjs'
import { pnpm } from './setup/packages.mjs'
import { fail, failStep, hintAtNetworkTrouble, root, runShown, scratch, usableHome } from './setup/shell.mjs'

const rooms = process.argv.slice(2)
if (rooms.length === 0) fail('Say what is going to run here, such as: npm run install:production -- api venue')

const home = usableHome()
if (home !== undefined) Object.assign(process.env, { HOME: home, npm_config_cache: join(home, '.npm') })

mkdirSync(scratch, { recursive: true })
const hasDatabase = existsSync(join(root, 'prisma', 'schema.prisma'))
// Building the dashboard takes native helpers; what serves does without, and without the PostgreSQL for development.
const helpers = rooms.includes('web') ? [] : ['--no-optional']
const wanted = [...rooms, ...(hasDatabase ? ['prisma'] : [])].map((room) => `--filter=@matic/${room}...`)
const { code, tail } = await runShown({
  command: process.platform === 'win32' ? 'npx.cmd' : 'npx',
  args: ['--yes', pnpm, 'install', '--frozen-lockfile', '--prod', '--config.confirmModulesPurge=false', ...helpers, ...wanted],
  env: { ...process.env, npm_config_loglevel: 'warn', NODE_ENV: 'production' },
  onOutput: hintAtNetworkTrouble(),
})
if (code !== 0) failStep('Installing packages', tail)
await ensureClient({ command: process.execPath, arguments: [] })

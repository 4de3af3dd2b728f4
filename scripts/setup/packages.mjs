import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { withLock } from './lock.mjs'
import { failStep, hintAtNetworkTrouble, root, runShown, say } from './shell.mjs'

export const pnpm = 'pnpm@12.21.0'
const node = '24.21.0'
const stampPath = join(root, 'node_modules', '.matic-installed.json')

/** Installs the packages when the lockfile or a manifest changed; answers how to run Node 24. */
export async function ensurePackages() {
  const fingerprint = fingerprintManifests()
  const installed = readStamp()
  if (installed?.fingerprint === fingerprint) return installed.node
  return withLock(() => install(fingerprint))
}

async function install(fingerprint) {
  const installed = readStamp()
  if (installed?.fingerprint === fingerprint) return installed.node

  say(`• Installing packages (only when they change; the first time needs the network)`)
  const { code, tail } = await runShown({
    command: process.platform === 'win32' ? 'npx.cmd' : 'npx',
    args: ['--yes', pnpm, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false', '--config.fetchRetries=1'],
    env: installEnvironment(),
    onOutput: hintAtNetworkTrouble(),
  })
  if (code !== 0) failStep('Installing packages', tail)

  const found = findNode()
  writeFileSync(stampPath, JSON.stringify({ fingerprint, node: found }))
  return found
}

/** pnpm would leave the development packages out under NODE_ENV=production; `npm --silent` would hide why it fails. */
function installEnvironment() {
  const env = { ...process.env, npm_config_loglevel: 'warn' }
  delete env.NODE_ENV
  return env
}

function readStamp() {
  try {
    const stamp = JSON.parse(readFileSync(stampPath, 'utf8'))
    return existsSync(stamp.node.command) ? stamp : undefined
  } catch {
    return undefined
  }
}

function fingerprintManifests() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of manifests()) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function manifests() {
  const rooms = ['apps', 'packages'].flatMap((group) => readdirSync(join(root, group)).map((room) => `${group}/${room}/package.json`))
  return ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'prisma/package.json', ...rooms].filter((file) =>
    existsSync(join(root, file)),
  )
}

/** The pinned Node from the packages; where none is published for the platform, a Node 24 at hand, else one through npx. */
function findNode() {
  const pinned = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (runs(pinned)) return { command: pinned, arguments: [] }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 11)) return { command: process.execPath, arguments: [] }

  say(`• Fetching Node ${node} for ${process.platform} ${process.arch}`)
  const where = spawnSync('npx', ['--yes', '-p', `node@${node}`, 'node', '-p', 'process.execPath'], { encoding: 'utf8' })
  if (where.status !== 0) failStep(`Fetching Node ${node}`, where.stderr ?? '')
  return { command: where.stdout.trim(), arguments: [] }
}

function runs(command) {
  return existsSync(command) && spawnSync(command, ['--version']).status === 0
}

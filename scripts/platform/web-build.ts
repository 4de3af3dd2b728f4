import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startProcess, waitToHoldFolder, webServer } from '@matic/local'
import { root, type Environment } from '../lib/environment.ts'

const web = join(root, 'apps', 'web')
const output = join(web, '.output')
const stampPath = join(output, 'built-from')

interface BuildOptions {
  readonly env: Environment
  /** Called when there is something to build. */
  readonly onBuild: () => void
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/** Builds the dashboard unless what is there was built from these very sources. */
export async function ensureWebBuild({ env, onBuild, onLine, signal }: BuildOptions): Promise<void> {
  const fingerprint = fingerprintSources()
  if (isBuiltFrom(fingerprint)) return

  const hold = await waitToHoldFolder({ folder: join(root, '.data'), name: 'web-build', purpose: 'a build' })
  if ('pid' in hold) throw new Error(`Process ${hold.pid} has been building the dashboard for too long: stop it`)
  using _hold = hold
  if (isBuiltFrom(fingerprint)) return
  onBuild()
  const build = await startProcess({
    name: 'web build',
    command: process.execPath,
    args: ['--max-old-space-size=1536', join(web, 'node_modules', 'nuxt', 'bin', 'nuxt.mjs'), 'build'],
    cwd: web,
    env: { ...env, NODE_ENV: 'production', NUXT_TELEMETRY_DISABLED: '1', CI: '1' },
    onLine,
  })
  const stop = (): void => void build.kill()
  signal.addEventListener('abort', stop)
  const code = await build.exited
  signal.removeEventListener('abort', stop)
  if (signal.aborted) return
  if (code !== 0) throw new Error('The dashboard could not be built')
  writeFileSync(stampPath, fingerprint)
}

function isBuiltFrom(fingerprint: string): boolean {
  return existsSync(webServer) && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === fingerprint
}

function fingerprintSources(): string {
  const hash = createHash('sha256')
  const files = ['apps/web/**/*', 'packages/contracts/**/*', 'packages/sdk/**/*', 'pnpm-lock.yaml', 'tsconfig*.json'].flatMap((pattern) =>
    globSync(pattern, {
      cwd: root,
      exclude: (name) => ['node_modules', '.nuxt', '.output', '.nitro'].includes(name.split('/').at(-1) ?? ''),
    }),
  )
  // What compilers leave beside the sources is none of them.
  for (const file of files.filter((name) => !name.endsWith('.tsbuildinfo')).toSorted()) {
    const path = join(root, file)
    if (statSync(path).isFile()) hash.update(file).update(readFileSync(path))
  }
  return hash.digest('hex')
}

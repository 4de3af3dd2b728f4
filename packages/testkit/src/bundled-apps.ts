import { createHash } from 'node:crypto'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..', '..', '..')
// Node reads no TypeScript in node_modules.
const cache = join(root, '.data', 'bundles')
const apps = ['api', 'worker', 'venue']
const sources = ['apps/{api,worker,venue}/src/**/*.ts', 'packages/*/src/**/*.ts', 'pnpm-lock.yaml']
const FORGOTTEN_AFTER_MS = 3_600_000

/**
 * The api, the worker and the venue, each with all that it imports in one file: a start reads one file where it would look for
 * fifteen hundred, and a run of the tests starts hundreds of them. That they start from their sources is shown where they are
 * installed (scripts/).
 * @returns the folder of api.mjs, worker.mjs and venue.mjs, made from the sources as they stand
 */
export async function bundleApps(): Promise<string> {
  const folder = join(cache, fingerprint())
  if (existsSync(folder)) return folder

  mkdirSync(cache, { recursive: true })
  forgetOldOnes()
  const unfinished = mkdtempSync(join(cache, 'unfinished-'))
  for (const app of apps) await bundle(app, unfinished)
  // The one thread that is started by the name of its file.
  const thread = join(root, 'packages', 'services', 'src', 'auth', 'password-thread.ts')
  writeFileSync(join(unfinished, 'password-thread.ts'), `import ${JSON.stringify(thread)}\n`)
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

async function bundle(app: string, dir: string): Promise<void> {
  await using bundling = await rolldown({
    input: { [app]: join(root, 'apps', app, 'src', 'main.ts') },
    platform: 'node',
    // Of packages that name what they can do without.
    logLevel: 'silent',
  })
  await bundling.write({ dir, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: `${app}-[name]-[hash].mjs` })
}

function fingerprint(): string {
  const hash = createHash('sha256')
  const files = sources.flatMap((pattern) => globSync(pattern, { cwd: root })).filter((file) => !file.endsWith('.test.ts'))
  for (const file of files.toSorted()) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex').slice(0, 16)
}

function forgetOldOnes(): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    if (Date.now() - statSync(path).mtimeMs > FORGOTTEN_AFTER_MS) rmSync(path, { recursive: true, force: true })
  }
}

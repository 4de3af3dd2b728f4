import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--font-render-hinting=none',
  '--no-first-run',
]

/**
 * Chromium from the packages: without windows it takes a third less of the processor than a machine's own, which is for where
 * that one does not run. It only ever opens our own pages, hence no sandbox.
 */
export async function launchBrowser(): Promise<Browser> {
  const own = installed.find((path) => existsSync(path))
  if (process.platform !== 'linux') return chromium.launch({ ...(own === undefined ? {} : { executablePath: own }), args })
  try {
    const { executablePath, env } = unpackedBrowser()
    return await chromium.launch({ executablePath, args, env })
  } catch (error) {
    if (own === undefined) throw error
    return chromium.launch({ executablePath: own, args })
  }
}

interface UnpackedBrowser {
  readonly executablePath: string
  readonly env: Record<string, string>
}

// The package unpacks into the temporary folder; a folder of the checkout is nobody else's and is filled only once.
function unpackedBrowser(): UnpackedBrowser {
  const cache = join(import.meta.dirname, '..', 'node_modules', '.cache')
  const folder = join(cache, 'chromium')
  if (!existsSync(folder)) unpackInto({ cache, folder })

  const executablePath = join(folder, 'chromium')
  const fonts = existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(folder, 'fonts') }
  const libraries = lacksLibraries(executablePath) ? { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') } : {}
  return { executablePath, env: { PATH: '/usr/bin:/bin', HOME: folder, LANG: 'en_US.UTF-8', ...fonts, ...libraries } }
}

const unpackScript = `
const { default: chromium, inflate } = await import('@sparticuz/chromium')
const { fileURLToPath } = await import('node:url')
await chromium.executablePath()
await inflate(fileURLToPath(new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'))))
`

function unpackInto({ cache, folder }: { cache: string; folder: string }): void {
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, `${basename(folder)}-`))
  execFileSync(process.execPath, ['--input-type=module', '-e', unpackScript], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: unfinished },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}

function lacksLibraries(executablePath: string): boolean {
  return spawnSync('ldd', [executablePath], { encoding: 'utf8' }).stdout.includes('not found')
}

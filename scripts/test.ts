import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { runChecks } from './lib/checks.ts'
import { dataFolder, readEnvironment, root } from './lib/environment.ts'
import { messageOf, say } from './lib/say.ts'
import { printStep } from './lib/step.ts'
import { ensureWebBuild } from './platform/web-build.ts'

interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

// `npm test -- packages/domain` runs only those tests; without arguments everything runs.
const filters = process.argv.slice(2)
const tallies = filters.length > 0 ? [await runVitest(filters)] : [...(await checkAndBuild()), await runVitest([])]
const sum = (key: keyof Tally): number => tallies.reduce((total, tally) => total + tally[key], 0)
const skipped = sum('skipped')
say(`${sum('passed')} passed, ${sum('failed')} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
process.exitCode = sum('failed') === 0 ? 0 : 1

/** The dashboard is built beside the checks. */
async function checkAndBuild(): Promise<Tally[]> {
  const builds: Tally[] = []
  const results = await runChecks({ onResult: printStep, beforeDashboard: async () => void builds.push(await buildWeb()) })
  const passed = results.filter((result) => result.passed).length
  return [{ passed, failed: results.length - passed, skipped: 0 }, ...builds]
}

/** The browser tests run against the production build. */
async function buildWeb(): Promise<Tally> {
  const lines: string[] = []
  try {
    await ensureWebBuild({
      env: readEnvironment(),
      onBuild: () => say('• building the dashboard'),
      onLine: (line) => lines.push(line),
      signal: new AbortController().signal,
    })
    say('✓ build of the dashboard')
    return { passed: 1, failed: 0, skipped: 0 }
  } catch (error) {
    say(`✗ build of the dashboard: ${messageOf(error)}\n${lines.join('\n')}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

async function runVitest(args: readonly string[]): Promise<Tally> {
  const folder = dataFolder(readEnvironment())
  mkdirSync(folder, { recursive: true })
  const report = join(folder, `test-report-${process.pid}.json`)
  const code = await run([
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--passWithNoTests=false',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args,
  ])
  const tally = readReport(report)
  rmSync(report, { force: true })
  // A file that cannot be loaded and an error outside every test fail the run without failing a test.
  return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally
}

function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: withoutInstallation() })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

/** A `.env` or exported address of somebody's real database is no business of the tests. */
function withoutInstallation(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, MATIC_DATA_DIR: _folder, NODE_ENV: _mode, ...rest } = process.env
  return { ...rest, NODE_ENV: 'test' }
}

function readReport(path: string): Tally {
  try {
    const report: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof report !== 'object' || report === null) return { passed: 0, failed: 0, skipped: 0 }
    const counts = new Map(Object.entries(report))
    const count = (name: string): number => Number(counts.get(name) ?? 0)
    return { passed: count('numPassedTests'), failed: count('numFailedTests'), skipped: count('numPendingTests') + count('numTodoTests') }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

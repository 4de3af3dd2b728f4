import { spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const scratch = join(root, '.data')

export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** Ends the process: first what is wrong, then what to do about it. */
export function fail(problem, ...remedies) {
  say(`\n✗ ${problem}`)
  for (const remedy of remedies) say(`  ${remedy}`)
  process.exit(1)
}

/** Accounts such as `nobody` have no home to cache packages in: give them one inside the checkout. */
export function usableHome() {
  try {
    accessSync(homedir(), constants.W_OK)
    return undefined
  } catch {
    const home = join(scratch, 'home')
    mkdirSync(home, { recursive: true })
    return home
  }
}

/** Runs a command, shows its output as it comes, and returns its exit code with the last of that output. */
export function runShown({ command, args, env, quiet = false, onOutput = () => undefined }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let tail = ''
    const show = (chunk) => {
      tail = (tail + chunk).slice(-8000)
      if (!quiet) process.stderr.write(chunk)
      onOutput(String(chunk))
    }
    child.stdout.on('data', show)
    child.stderr.on('data', show)
    child.on('error', (error) => resolve({ code: 1, tail: `${tail}\n${error.message}` }))
    child.on('close', (code) => resolve({ code: code ?? 1, tail }))
  })
}

const networkTrouble =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|META_FETCH_FAIL|error sending request|dns error|tcp connect/i
const networkRemedy =
  'Only the first run needs the network. Check the connection, and HTTPS_PROXY or `npm config get registry` if you are behind a proxy; then run the same command again.'

const remedies = [
  [/ENOSPC|no space left/i, 'The disk is full.', 'Free about 3 GB (`df -h .` shows where you stand) and run the same command again.'],
  [networkTrouble, 'The npm registry cannot be reached.', networkRemedy],
  [
    /OUTDATED_LOCKFILE/,
    'pnpm-lock.yaml does not match the package.json files.',
    'Run `npx --yes pnpm@12.21.0 install` and commit the lockfile.',
  ],
  [
    /EACCES|EPERM|permission denied/i,
    'A file or folder may not be written.',
    `Give your user write access to ${root} and run the same command again.`,
  ],
]

/** Tells people at once what the retries of the package manager are about. */
export function hintAtNetworkTrouble() {
  let told = false
  return (output) => {
    if (told || !networkTrouble.test(output)) return
    told = true
    say(`\n! The npm registry cannot be reached; trying again for a while (Ctrl+C gives up).\n  ${networkRemedy}\n`)
  }
}

/** Turns the output of a failed step into what is wrong and what to do. */
export function failStep(step, tail) {
  const known = remedies.find(([pattern]) => pattern.test(tail))
  if (known === undefined) fail(`${step} failed.`, 'The lines above say why.')
  const [, problem, remedy] = known
  fail(`${step} failed: ${problem}`, remedy)
}

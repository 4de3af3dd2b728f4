import { spawn } from 'node:child_process'
import { root } from './environment.ts'
import { say } from './say.ts'

export interface StepResult {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
  readonly output: string
}

/** Runs a tool of the checkout and keeps what it says for the case that it fails. */
export function runStep(name: string, args: readonly string[]): Promise<StepResult> {
  const startedAtMs = performance.now()
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('close', (code) => {
      resolve({
        name,
        passed: code === 0,
        seconds: (performance.now() - startedAtMs) / 1000,
        output: Buffer.concat(chunks).toString('utf8'),
      })
    })
  })
}

export function printStep({ name, passed, seconds, output }: StepResult): void {
  say(`${passed ? '✓' : '✗'} ${name} (${seconds.toFixed(1)} s)`)
  if (!passed) say(output)
}

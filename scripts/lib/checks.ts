import { join } from 'node:path'
import { runStep, type StepResult } from './step.ts'
import { root } from './environment.ts'

const bin = (path: string): string => join(root, 'node_modules', path)

const steps: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['types', [bin('typescript/bin/tsc'), '--project', 'tsconfig.json']],
  ['lint and import directions', [bin('oxlint/bin/oxlint'), '--deny-warnings']],
  ['format', [bin('oxfmt/bin/oxfmt'), '--check']],
  ['dead code', [bin('knip/bin/knip.js'), '--no-config-hints']],
  ['environment', [join('scripts', 'validate-env.ts')]],
  ['migrations', [join('scripts', 'lib', 'check-migrations.ts')]],
  ['types of the dashboard', [join('apps', 'web', 'node_modules', 'nuxt', 'bin', 'nuxt.mjs'), 'typecheck', join('apps', 'web')]],
]

/** Everything that needs no database and no browser, two at a time. */
export async function runChecks(onResult: (result: StepResult) => void): Promise<StepResult[]> {
  const results: StepResult[] = []
  const waiting = [...steps]
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const result = await runStep(...step)
      results.push(result)
      onResult(result)
    }
  }
  await Promise.all([work(), work()])
  return results
}

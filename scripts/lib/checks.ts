import { join } from 'node:path'
import { runStep, type StepResult } from './step.ts'
import { root } from './environment.ts'

type Step = readonly [name: string, args: readonly string[]]

const bin = (path: string): string => join(root, 'node_modules', path)

const steps: readonly Step[] = [
  // Types, by the compiler that the rules with types ask anyway; Nuxt looks at those of the dashboard.
  ['types, lint and import directions', [bin('oxlint/bin/oxlint'), '--deny-warnings', '--type-check', '--ignore-pattern', 'apps/web/**']],
  // While the dashboard's own files stand still.
  ['dead code', [bin('knip/bin/knip.js'), '--no-config-hints']],
  ['lint and import directions of the dashboard', [bin('oxlint/bin/oxlint'), '--deny-warnings', 'apps/web']],
  ['format', [bin('oxfmt/bin/oxfmt'), '--check']],
  ['environment', [join('scripts', 'validate-env.ts')]],
  ['migrations', [join('scripts', 'lib', 'check-migrations.ts')]],
]

const ofDashboard: Step = [
  'types of the dashboard',
  [join('apps', 'web', 'node_modules', 'nuxt', 'bin', 'nuxt.mjs'), 'typecheck', join('apps', 'web')],
]

interface Checking {
  readonly onResult: (result: StepResult) => void
  /** Done before the dashboard's types are looked at: both write to its folder. */
  readonly beforeDashboard?: () => Promise<void>
}

/** Everything that needs no database and no browser, two at a time. */
export async function runChecks({ onResult, beforeDashboard }: Checking): Promise<StepResult[]> {
  const results: StepResult[] = []
  const waiting = [...steps]
  const run = async (step: Step): Promise<void> => {
    const result = await runStep(...step)
    results.push(result)
    onResult(result)
  }
  const work = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await run(step)
  }
  const workOnDashboard = async (): Promise<void> => {
    await beforeDashboard?.()
    await run(ofDashboard)
    await work()
  }
  await Promise.all([workOnDashboard(), work()])
  return results
}

import { runChecks } from './lib/checks.ts'
import { say } from './lib/say.ts'
import { printStep } from './lib/step.ts'

const results = await runChecks({ onResult: printStep })
const failed = results.filter(({ passed }) => !passed).length
say(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

import { explain, fail, say } from '../lib/say.ts'
import { stopOnSignal } from './farewell.ts'
import { createPlatformSupervisor, launch } from './launch.ts'
import { printSummary } from './summary.ts'

/** Everything up, then a summary, then wait for Ctrl+C. */
export async function up({ watch }: { watch: boolean }): Promise<void> {
  const startedAtMs = performance.now()
  const supervisor = createPlatformSupervisor()
  const stopping = new AbortController()
  stopOnSignal({ supervisor, stopping })
  try {
    const platform = await launch({ watch, supervisor, stopping: stopping.signal })
    if (stopping.signal.aborted) return
    await printSummary(platform)
    say(`  Ready after ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s.`)
  } catch (error) {
    if (stopping.signal.aborted) return
    stopping.abort()
    await supervisor.stop()
    const { problem, remedies } = explain(error)
    fail(problem, ...remedies)
  }
}

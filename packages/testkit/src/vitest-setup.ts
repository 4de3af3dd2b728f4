import { startTestCluster } from './cluster.ts'
import { publishTemplateUrl, readTestEnvironment } from './env.ts'

/** Vitest's globalSetup: one cluster for the whole run, whatever number of projects asks for it. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (readTestEnvironment().templateUrl !== undefined) return undefined
  const cluster = await startTestCluster()
  publishTemplateUrl(cluster.templateUrl)
  return () => cluster.stop()
}

import { bundleApps } from './bundled-apps.ts'
import { startTestCluster } from './cluster.ts'
import { publishTemplateUrl, readTestEnvironment } from './env.ts'

/** Vitest's globalSetup: one cluster and one bundle of each app for the whole run, whatever number of projects asks for it. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (readTestEnvironment().templateUrl !== undefined) return undefined
  const [cluster] = await Promise.all([startTestCluster(), bundleApps()])
  publishTemplateUrl(cluster.templateUrl)
  return () => cluster.stop()
}

import { ensureWebBuild } from './platform/web-build.ts'
import { readEnvironment } from './lib/environment.ts'
import { say } from './lib/say.ts'

await ensureWebBuild({
  env: readEnvironment(),
  onBuild: () => say('• building the dashboard'),
  onLine: (line) => say(line),
  signal: new AbortController().signal,
})
say('✓ apps/web/.output is built from these sources; everything else runs as it is.')

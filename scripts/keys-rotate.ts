import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { withDatabase } from './lib/database.ts'
import { dataFolder, readEnvironment, root } from './lib/environment.ts'
import { explain, fail } from './lib/say.ts'
import { loadSecrets } from './platform/secrets.ts'

const env = readEnvironment()
/** What a worker is started with; what the environment lacks is what `npm start` made. */
const needed = ['ENCRYPTION_KEY', 'CLIENT_ORDER_ID_KEY', 'VENUE_ADMIN_TOKEN'] as const
const kept = needed.every((name) => env[name] !== undefined) ? {} : loadSecrets({ folder: dataFolder(env), env })

try {
  process.exitCode = await withDatabase(
    (DATABASE_URL) =>
      new Promise<number>((resolve, reject) => {
        const program = join(root, 'apps', 'worker', 'src', 'rotate-keys.ts')
        const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
          stdio: 'inherit',
          env: { ...kept, ...env, DATABASE_URL },
        })
        child.on('error', reject)
        child.on('exit', (code) => resolve(code ?? 1))
      }),
  )
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EnvError, envFields, readApiEnv, readVenueEnv, readWebEnv, readWorkerEnv } from '@matic/platform'
import { namesInCompose } from './deploy/compose.ts'
import { readEnvironment, root } from './lib/environment.ts'
import { fail, say } from './lib/say.ts'

const problems = [...compareExample(), ...checkOwn()]
if (problems.length > 0) fail('The environment needs corrections:', ...problems)

/** `.env.example` names everything that a process or docker-compose.yml reads and nothing else. */
function compareExample(): string[] {
  const names = [...readFileSync(join(root, '.env.example'), 'utf8').matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name)
  const fields = envFields()
  const ofCompose = namesInCompose(root)
  const missing = fields.filter(({ name }) => !names.includes(name)).map(({ name }) => `.env.example lacks ${name}`)
  const unknown = names
    .filter((name) => !fields.some((field) => field.name === name) && !ofCompose.includes(name ?? ''))
    .map((name) => `.env.example has ${name}, which no process reads`)
  const twice = names.filter((name, index) => names.indexOf(name) !== index).map((name) => `.env.example has ${name} twice`)
  if (missing.length + unknown.length + twice.length === 0) say(`✓ .env.example: ${names.length} names, as the processes read them`)
  return [...missing, ...unknown, ...twice]
}

/** A `.env`, where somebody wrote one, has to start all four processes. */
function checkOwn(): string[] {
  if (!existsSync(join(root, '.env'))) {
    say('• no .env: `npm start` makes what it needs')
    return []
  }
  const env = readEnvironment()
  const readers = { api: readApiEnv, worker: readWorkerEnv, venue: readVenueEnv, web: readWebEnv }
  return Object.entries(readers).flatMap(([name, read]) => {
    try {
      read(env)
      say(`✓ .env: ${name} can start`)
      return []
    } catch (error) {
      if (!(error instanceof EnvError)) throw error
      return error.problems.map((problem) => `${name}: ${problem}`)
    }
  })
}

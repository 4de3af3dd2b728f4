import { join } from 'node:path'
import { envFields } from '@matic/platform'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { root } from '../lib/environment.ts'

const App = z.object({ name: z.string(), node_args: z.array(z.string()), filter_env: z.array(z.string()) })
const loaded: unknown = await import(join(root, 'ecosystem.config.js'))
const { apps } = z.object({ apps: z.array(App) }).parse(loaded)
/** Secrets that are no other process's. */
const ofWorkers = envFields().filter(({ secret, processes }) => secret && processes.join() === 'worker')

it.each(apps)('$name is given what opens exchange keys if it is a worker, and only then', ({ name, node_args, filter_env }) => {
  expect(ofWorkers.map((field) => field.name)).toContain('ENCRYPTION_KEY')
  const isWorker = name === 'matic-worker'
  expect(node_args.includes('--env-file-if-exists=.env.worker')).toBe(isWorker)
  expect(filter_env.toSorted()).toEqual(isWorker ? [] : ofWorkers.map((field) => field.name).toSorted())
})

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'

export const root = join(import.meta.dirname, '..', '..')

export type Environment = Readonly<Record<string, string | undefined>>

/** The environment over `.env.worker` over `.env`; an empty value counts as missing. */
export function readEnvironment(): Environment {
  const fromFile = Object.assign({}, ...['.env', '.env.worker'].map(readFile))
  const given = (source: Environment): [string, string | undefined][] => Object.entries(source).filter(([, value]) => value !== '')
  return Object.fromEntries([...given(fromFile), ...given(process.env)])
}

function readFile(name: string): Environment {
  const path = join(root, name)
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
}

/** The one folder that holds everything this checkout keeps: MATIC_DATA_DIR or .data/. */
export function dataFolder(env: Environment): string {
  return resolve(root, env['MATIC_DATA_DIR'] ?? '.data')
}

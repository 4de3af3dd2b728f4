import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '../lib/environment.ts'

const recipes = {
  JWT_SECRET: () => randomBytes(64).toString('hex'),
  JWT_REFRESH_SECRET: () => randomBytes(64).toString('hex'),
  TOTP_KEY: () => randomBytes(32).toString('base64'),
  ENCRYPTION_KEY: () => randomBytes(32).toString('base64'),
  CLIENT_ORDER_ID_KEY: () => randomBytes(32).toString('base64'),
  VENUE_ADMIN_TOKEN: () => randomBytes(32).toString('hex'),
  SEED_WEBHOOK_TOKEN: () => randomBytes(32).toString('base64url'),
}

type SecretName = keyof typeof recipes
export type Secrets = Readonly<Record<SecretName, string>>

const secretNames = Object.keys(recipes).filter(isSecretName)

/** Made once and kept in the data folder, readable by its owner only; the environment goes first. */
export function loadSecrets({ folder, env }: { folder: string; env: Environment }): Secrets {
  const path = join(folder, 'secrets.json')
  const kept = readKept(path)
  const complete = forEachSecret((name) => kept[name] ?? recipes[name]())
  if (secretNames.some((name) => kept[name] === undefined)) write(path, complete)
  return forEachSecret((name) => env[name] ?? complete[name])
}

function forEachSecret(choose: (name: SecretName) => string): Secrets {
  return {
    JWT_SECRET: choose('JWT_SECRET'),
    JWT_REFRESH_SECRET: choose('JWT_REFRESH_SECRET'),
    TOTP_KEY: choose('TOTP_KEY'),
    ENCRYPTION_KEY: choose('ENCRYPTION_KEY'),
    CLIENT_ORDER_ID_KEY: choose('CLIENT_ORDER_ID_KEY'),
    VENUE_ADMIN_TOKEN: choose('VENUE_ADMIN_TOKEN'),
    SEED_WEBHOOK_TOKEN: choose('SEED_WEBHOOK_TOKEN'),
  }
}

function readKept(path: string): Partial<Record<SecretName, string>> {
  if (!existsSync(path)) return {}
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (typeof content !== 'object' || content === null)
    throw new Error(`${path} holds no secrets: restore it, or delete it and enter every exchange key again`)
  const kept: Partial<Record<SecretName, string>> = {}
  for (const [name, value] of Object.entries(content)) {
    if (isSecretName(name) && typeof value === 'string') kept[name] = value
  }
  return kept
}

// Renamed into place, so that a full disk or a crash never leaves half a file.
function write(path: string, secrets: Secrets): void {
  mkdirSync(join(path, '..'), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(unfinished, path)
}

function isSecretName(name: string): name is SecretName {
  return Object.hasOwn(recipes, name)
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

const Healthcheck = z.object({ test: z.array(z.string()).optional(), disable: z.boolean().optional() }).loose()

const Service = z
  .object({
    image: z.string().optional(),
    build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
    user: z.string().optional(),
    command: z.array(z.string()).optional(),
    environment: z.record(z.string(), z.string()).default({}),
    ports: z.array(z.string()).default([]),
    volumes: z.array(z.string()).default([]),
    networks: z.array(z.string()).default([]),
    read_only: z.boolean().default(false),
    cap_drop: z.array(z.string()).default([]),
    cap_add: z.array(z.string()).default([]),
    security_opt: z.array(z.string()).default([]),
    privileged: z.boolean().default(false),
    restart: z.string().optional(),
    healthcheck: Healthcheck.optional(),
    depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
    profiles: z.array(z.string()).default([]),
  })
  .loose()

const Compose = z.object({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() }).loose()),
  volumes: z.record(z.string(), z.unknown()),
})
export type Compose = z.infer<typeof Compose>

/** docker-compose.yml with merge keys resolved and `${NAME}` filled in as compose does it. */
export function readCompose(root: string, env: Readonly<Record<string, string | undefined>>): Compose {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
  const filled = (_key: unknown, value: unknown): unknown => (typeof value === 'string' ? fillIn(value, env) : value)
  return Compose.parse(parse(text, filled, { merge: true }))
}

/** Every name that docker-compose.yml takes from .env. */
export function namesInCompose(root: string): string[] {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
  return [...new Set([...text.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name]) => String(name)))]
}

function fillIn(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$\{([A-Z][A-Z0-9_]*)(?::([-?])([^}]*))?\}/g, (_whole, name: string, kind?: string, rest = '') => {
    const value = env[name]
    if (value !== undefined && value !== '') return value
    if (kind === '?') throw new Error(`${name}: ${rest}`)
    return rest
  })
}

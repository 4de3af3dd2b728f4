import { z } from 'zod'

const Env = z.object({
  API_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:3001'),
  NITRO_HOST: z.string().optional(),
  HOST: z.string().optional(),
  NITRO_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  PORT: z.coerce.number().int().min(0).max(65_535).optional(),
})

export interface WebEnv {
  readonly apiUrl: string
  readonly host: string
  readonly port: number
}

export function readEnv(source: Readonly<Record<string, string | undefined>>): WebEnv {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''))
  const env = Env.parse(given)
  return { apiUrl: env.API_URL, host: env.NITRO_HOST ?? env.HOST ?? '127.0.0.1', port: env.NITRO_PORT ?? env.PORT ?? 3000 }
}

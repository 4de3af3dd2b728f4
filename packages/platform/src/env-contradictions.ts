import { durationMs } from './env-field.ts'

type Present = Readonly<Record<string, string>>

interface Contradiction {
  /** Looked at only by processes that read all of these names. */
  names: readonly string[]
  holds: (env: Present) => boolean
  problem: string
}

/** Settings that are each fine and together make no sense. */
export function contradictions(env: Present, names: ReadonlySet<string>): string[] {
  return table.filter((row) => row.names.every((name) => names.has(name)) && row.holds(env)).map((row) => row.problem)
}

const table: readonly Contradiction[] = [
  {
    names: ['REDIS_URL', 'REDIS_HOST'],
    holds: (env) => env['REDIS_URL'] !== undefined && env['REDIS_HOST'] !== undefined,
    problem: 'REDIS_URL and REDIS_HOST are both set: keep one of them',
  },
  {
    names: ['REDIS_HOST', 'REDIS_PASSWORD'],
    holds: (env) => env['REDIS_PASSWORD'] !== undefined && env['REDIS_HOST'] === undefined,
    problem: 'REDIS_PASSWORD is set without REDIS_HOST: set REDIS_HOST, or put the password into REDIS_URL',
  },
  {
    names: ['JWT_SECRET', 'JWT_REFRESH_SECRET'],
    holds: (env) => env['JWT_SECRET'] !== undefined && env['JWT_SECRET'] === env['JWT_REFRESH_SECRET'],
    problem: 'JWT_SECRET and JWT_REFRESH_SECRET are the same: make two different ones',
  },
  {
    names: ['JWT_EXPIRES_IN', 'JWT_REFRESH_EXPIRES_IN'],
    holds: (env) => (durationMs(env['JWT_EXPIRES_IN'] ?? '15m') ?? 0) >= (durationMs(env['JWT_REFRESH_EXPIRES_IN'] ?? '7d') ?? Infinity),
    problem: 'JWT_REFRESH_EXPIRES_IN must be longer than JWT_EXPIRES_IN',
  },
  {
    names: ['ENCRYPTION_KEY', 'CLIENT_ORDER_ID_KEY'],
    holds: (env) => env['ENCRYPTION_KEY'] !== undefined && env['ENCRYPTION_KEY'] === env['CLIENT_ORDER_ID_KEY'],
    problem: 'ENCRYPTION_KEY and CLIENT_ORDER_ID_KEY are the same: make two different ones',
  },
  {
    names: ['SABOTAGE'],
    holds: (env) => env['SABOTAGE'] !== undefined && env['NODE_ENV'] !== 'test',
    problem: 'SABOTAGE plants bugs on purpose: remove it, or set NODE_ENV=test',
  },
  {
    names: ['TIMINGS_SCALE'],
    holds: (env) => env['NODE_ENV'] === 'production' && Number(env['TIMINGS_SCALE'] ?? 1) !== 1,
    problem: 'TIMINGS_SCALE must be 1 with NODE_ENV=production: exchanges do not scale',
  },
  {
    names: ['DEBUG'],
    holds: (env) => env['NODE_ENV'] === 'production' && env['DEBUG'] === 'true',
    problem: 'DEBUG=true is refused with NODE_ENV=production: use LOG_LEVEL',
  },
  {
    names: ['LOG_LEVEL', 'DEBUG'],
    holds: (env) => env['DEBUG'] === 'true' && env['LOG_LEVEL'] !== undefined && env['LOG_LEVEL'] !== 'debug',
    problem: 'DEBUG=true and LOG_LEVEL disagree: keep one of them',
  },
]

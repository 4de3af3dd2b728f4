const templateUrlName = 'MATIC_TEST_TEMPLATE_URL'

export interface TestEnvironment {
  readonly templateUrl: string | undefined
  readonly redisUrl: string | undefined
  readonly searchPath: string
  /** How many bodies the door is tried with, where it is not as many as the test says. */
  readonly fuzzBodies: number | undefined
  /** What child processes may take over from the one that runs the tests. */
  readonly inherited: Readonly<Record<string, string | undefined>>
}

export function readTestEnvironment(): TestEnvironment {
  return {
    templateUrl: process.env[templateUrlName],
    redisUrl: process.env['REDIS_URL'] === '' ? undefined : process.env['REDIS_URL'],
    searchPath: process.env['PATH'] ?? '',
    fuzzBodies: process.env['FUZZ_BODIES'] === undefined ? undefined : Number(process.env['FUZZ_BODIES']),
    inherited: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
  }
}

/** Hands the run's cluster to the processes that vitest starts afterwards. */
export function publishTemplateUrl(url: string): void {
  process.env[templateUrlName] = url
}

import { defineConfig } from 'vitest/config'
import { LongFirst } from './scripts/lib/long-first.ts'

const elsewhere = ['**/node_modules/**', '**/.nuxt/**', '**/.output/**', '.data/**']
const chaos = 'packages/testkit/src/chaos/*.e2e.test.ts'
const cluster = ['packages/testkit/src/vitest-setup.ts']

export default defineConfig({
  test: {
    // A file waits for its servers now and then.
    maxWorkers: 3,
    maxConcurrency: 3,
    // Nothing works at import and nothing is kept between calls, so files may share what they load: a second of work each.
    isolate: false,
    sequence: { sequencer: LongFirst },
    // Generous, because a busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      { extends: true, test: { name: 'unit', include: ['**/*.test.ts'], exclude: [...elsewhere, '**/*.int.test.ts', '**/*.e2e.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'int',
          include: ['**/*.int.test.ts'],
          exclude: elsewhere,
          globalSetup: cluster,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          // Browsers and installations mostly wait, so two files at a time.
          name: 'e2e',
          maxWorkers: 2,
          include: ['**/*.e2e.test.ts'],
          exclude: [...elsewhere, chaos],
          globalSetup: cluster,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          include: [chaos],
          exclude: elsewhere,
          globalSetup: cluster,
          fileParallelism: false,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})

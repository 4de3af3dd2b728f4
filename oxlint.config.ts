import { defineConfig } from 'oxlint'

interface Banned {
  readonly group: string[]
  readonly message: string
}

const appNames = ['api', 'worker', 'venue', 'web']
const apps: Banned = {
  group: appNames.flatMap((name) => [`@matic/${name}`, `@matic/${name}/**`, `**/${name}/src/**`]),
  message: 'Apps are started, never imported.',
}
const paths: Banned = { group: ['**/packages/*/src/**'], message: 'Import @matic/<package>, not a path into it.' }
const ccxt: Banned = { group: ['ccxt', 'ccxt/**'], message: 'Only packages/exchange knows CCXT.' }
const io: Banned = { group: ['node:*'], message: 'No clock, randomness, network, files or database here: they come in as arguments.' }

const everywhere = [apps, paths, ccxt]
const imports = (...patterns: Banned[]): { 'no-restricted-imports': ['error', { patterns: Banned[] }] } => ({
  'no-restricted-imports': ['error', { patterns }],
})

/** What sources under `folder` may see of our own packages: this list is the direction of dependencies. */
const room = (folder: string, visible: readonly string[], ...more: Banned[]) => {
  const others: Banned = {
    group: ['@matic/*', '@matic/*/**', ...visible.flatMap((name) => [`!@matic/${name}`, `!@matic/${name}/**`])],
    message: visible.length === 0 ? `${folder} stands on its own.` : `${folder} sees ${visible.join(', ')} and no other package of ours.`,
  }
  const shared = folder === 'packages/exchange' ? [apps, paths] : everywhere
  return { files: [`${folder}/**/*.ts`, `${folder}/**/*.vue`], rules: imports(...shared, others, ...more) }
}

const impureGlobals = [
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'crypto',
  'console',
  'Date',
]
const comesIn = 'Clock, randomness, network and output come in as arguments.'

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vue'],
  categories: { correctness: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['**/generated/**', '**/.nuxt/**', '**/.output/**', '**/dist/**'],
  rules: {
    eqeqeq: ['error', 'always'],
    'no-var': 'error',
    'prefer-const': 'error',
    'no-new-func': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': ['error', { checksVoidReturn: false }],
    'typescript/await-thenable': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-meaningless-void-operator': 'off',
    'typescript/restrict-template-expressions': 'off',
    'typescript/no-base-to-string': 'off',
    // Our interfaces are closures without `this`.
    'typescript/unbound-method': 'off',
    'promise/no-callback-in-promise': 'off',
    'typescript/require-array-sort-compare': 'off',
    'unicorn/no-useless-spread': 'off',
    'import/no-cycle': 'error',
    'node/no-process-env': 'error',
    ...imports(...everywhere),
  },
  overrides: [
    room('packages/contracts/src', [], io),
    room('packages/domain/src', ['contracts'], io),
    room('packages/strategies/src', ['contracts', 'domain'], io),
    room('packages/exchange', ['contracts', 'domain']),
    room('packages/db/src', ['contracts']),
    room('packages/platform/src', ['contracts']),
    room('packages/services/src', ['contracts', 'domain', 'db', 'platform', 'exchange']),
    room('packages/sdk/src', ['contracts']),
    room('apps/api/src', ['contracts', 'domain', 'db', 'platform', 'services']),
    room('apps/worker/src', ['contracts', 'domain', 'db', 'platform', 'services', 'exchange']),
    room('apps/venue/src', ['contracts', 'platform']),
    room('apps/web', ['contracts', 'sdk']),
    {
      files: ['packages/domain/src/**', 'packages/strategies/src/**'],
      rules: {
        'no-restricted-globals': ['error', ...impureGlobals.map((name) => ({ name, message: comesIn }))],
        'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: comesIn }],
      },
    },
    {
      files: ['**/*.test.ts', 'packages/testkit/**'],
      rules: { 'no-restricted-imports': 'off', 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' },
    },
    {
      files: [
        '**/env.ts',
        '**/*.config.ts',
        '**/*.test.ts',
        'scripts/**',
        'packages/testkit/**',
        'apps/web/server/entry.ts',
        'ecosystem.config.js',
      ],
      rules: { 'node/no-process-env': 'off' },
    },
  ],
})

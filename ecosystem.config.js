// PM2 on a plain host: `npx pm2@7 start ecosystem.config.js`, then `pm2 save` and `pm2 startup`. docs/running.md walks through it.
// Elsewhere these are called bitci-backend (here matic-api), bitci-worker (matic-worker) and bitci-frontend (matic-web).
// Settings come from .env, and for workers from .env.worker too; what the shell exports goes before them.
const root = import.meta.dirname

// Whoever breaks into a process that answers the internet finds nothing there that opens an exchange key.
const ofWorkers = ['ENCRYPTION_KEY', 'CLIENT_ORDER_ID_KEY', 'SMTP_PASS']

const app = (name, script, { files = ['.env'], nodeArgs = [], ...more } = {}) => ({
  name,
  script,
  cwd: root,
  interpreter: 'node',
  exec_mode: 'fork',
  node_args: ['--disable-warning=ExperimentalWarning', ...nodeArgs, ...files.map((file) => `--env-file-if-exists=${file}`)],
  filter_env: files.includes('.env.worker') ? [] : ofWorkers,
  env: { NODE_ENV: 'production' },
  max_memory_restart: '1G',
  exp_backoff_restart_delay: 200,
  time: true,
  merge_logs: true,
  ...more,
})

export const apps = [
  // One venue: it owns its journal.
  app('matic-venue', 'apps/venue/src/main.ts', { kill_timeout: 10_000 }),
  // One process of it takes thousands of alerts a second. A cluster would tear polling browsers apart: more of them go behind nginx,
  // each with a PORT of its own.
  app('matic-api', 'apps/api/src/main.ts', {
    kill_timeout: 12_000,
    env: { NODE_ENV: 'production', METRICS_PORT: process.env.METRICS_PORT ?? '9101' },
  }),
  // `pm2 scale matic-worker 4`. Each counts its metrics port up by one.
  app('matic-worker', 'apps/worker/src/main.ts', {
    files: ['.env', '.env.worker'],
    // Left alone, Node lets garbage grow to twice what is in use before it looks: 450 MB instead of 280 with 1,000 accounts.
    nodeArgs: ['--max-semi-space-size=16', '--initial-old-space-size=64', '--heap-growing-percent=30'],
    instances: 1,
    kill_timeout: 25_000,
    increment_var: 'METRICS_PORT',
    env: { NODE_ENV: 'production', METRICS_PORT: process.env.WORKER_METRICS_PORT ?? '9102' },
  }),
  // The build listens by HOST and PORT, where the others have names of their own.
  app('matic-web', 'apps/web/.output/server/index.mjs', {
    kill_timeout: 5_000,
    env: { NODE_ENV: 'production', NITRO_HOST: process.env.WEB_HOST ?? '127.0.0.1', NITRO_PORT: process.env.WEB_PORT ?? '3000' },
  }),
]

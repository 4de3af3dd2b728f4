import { createHash } from 'node:crypto'
import { relative } from 'node:path'
import { Client } from 'pg'
import { root } from '../lib/environment.ts'
import { say } from '../lib/say.ts'
import type { Platform } from './launch.ts'

const demoUser = 'user@matic.test'

/** Where everything is, how to log in, and one command that fires an alert. */
export async function printSummary(platform: Platform): Promise<void> {
  const { ports, folder, logs } = platform
  say('')
  say(`  Dashboard   http://localhost:${ports.web}`)
  say(`  API         http://127.0.0.1:${ports.api}/api`)
  say(`  Venue       http://127.0.0.1:${ports.venue}   (simulated exchange)`)
  say(`  Data        ${shown(folder)}   logs in ${shown(logs.folder)}`)
  say('')
  say(`  Logins      ${demoUser} / user123456`)
  say('              admin@matic.test / admin123456')
  say('')
  const address = await webhookAddress(platform)
  if (address === undefined) {
    say(
      "  Fire an alert: the webhook address was changed since the first start, and is shown only when it is made: New, on the dashboard's Webhook card, makes another.",
    )
  } else {
    say('  Fire an alert:')
    say('')
    say(`curl -X POST ${address} -H 'content-type: application/json' -d '{"symbol":"BTCUSDT","side":"buy","quantity":0.01}'`)
  }
  say('')
  say('  Ctrl+C stops everything; the data stays.')
}

interface WebhookRow {
  readonly user_id: string
  readonly token_hash: Buffer
}

/** Only while the seeded token is still the one the database knows. */
async function webhookAddress({ databaseUrl, ports, secrets }: Platform): Promise<string | undefined> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<WebhookRow>(
      'SELECT w.user_id, w.token_hash FROM webhook w JOIN app_user u ON u.id = w.user_id WHERE u.email = $1 AND w.is_active',
      [demoUser],
    )
    const hash = createHash('sha256').update(secrets.SEED_WEBHOOK_TOKEN).digest()
    const row = rows.find((candidate) => hash.equals(candidate.token_hash))
    return row && `http://127.0.0.1:${ports.api}/api/webhook/${row.user_id}/${secrets.SEED_WEBHOOK_TOKEN}`
  } finally {
    await client.end()
  }
}

function shown(path: string): string {
  const fromRoot = relative(root, path)
  return fromRoot.startsWith('..') ? path : fromRoot
}

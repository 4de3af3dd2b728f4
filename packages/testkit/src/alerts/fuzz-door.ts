import { createHash, randomUUID } from 'node:crypto'
import http from 'node:http'
import { createDb, type Db } from '@matic/db'
import { createSeededRandom } from '../seeded-random.ts'
import { startStack } from '../stack.ts'
import { nextBody, type FuzzBody } from './bodies.ts'

export interface FuzzReport {
  readonly bodies: number
  /** How many bodies were answered with each status; 0 is a connection that broke. */
  readonly statuses: Readonly<Record<string, number>>
  /** Deliveries on record by what became of them. */
  readonly kept: Readonly<Record<string, number>>
  /** Signals that a delivery made. */
  readonly signals: number
  /** How often an api process came up; 1 is never again. */
  readonly starts: number
  /** Bodies that should be on record and are not. */
  readonly lost: number
  readonly seconds: number
}

const SENDERS = 16
const CONNECTIONS = 64

interface Sender {
  readonly userId: string
  readonly token: string
}

/** Posts bodies near every dialect to a real api process, over connections that stay. */
export async function fuzzDoor({ bodies, seed }: { bodies: number; seed: number }): Promise<FuzzReport> {
  const senders: Sender[] = []
  let starts = 0
  await using stack = await startStack({
    workers: 0,
    env: { WEBHOOK_OPENS_PER_SECOND: '1000000' },
    prepare: async ({ databaseUrl }) => void senders.push(...(await makeSenders(databaseUrl))),
    onLine: (name, line) => {
      if (name === 'api-1' && line.includes('server listening')) starts += 1
    },
  })
  const random = createSeededRandom(seed)
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const statuses: Record<string, number> = {}
  let next = 0
  let unknownSender = 0
  const startedAt = performance.now()

  const lane = async (): Promise<void> => {
    while (next < bodies) {
      const index = next++
      const sender = random.pick(senders)
      const body = nextBody(random, index, sender.token)
      const path = body.isOneAddress ? '/api/webhook/tradingview' : `/api/webhook/${sender.userId}/${sender.token}`
      const status = await post({ agent, url: stack.apiUrl, path, body })
      statuses[status] = (statuses[status] ?? 0) + 1
      if (status === 401) unknownSender += 1
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, lane))
  agent.destroy()
  const seconds = (performance.now() - startedAt) / 1_000

  const db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'fuzz', poolSize: 1 })
  try {
    const rows = await db.query<{ outcome: string; n: number }>('SELECT outcome, count(*)::int AS n FROM delivery GROUP BY outcome')
    const [stored] = await db.query<{ n: number }>('SELECT count(*)::int AS n FROM signal WHERE id IN (SELECT signal_id FROM delivery)')
    const kept = Object.fromEntries(rows.map(({ outcome, n }) => [outcome, n]))
    const sum = rows.reduce((total, { n }) => total + n, 0)
    return { bodies, statuses, kept, signals: stored?.n ?? 0, starts, lost: bodies - unknownSender - sum, seconds }
  } finally {
    await db.close()
  }
}

async function makeSenders(databaseUrl: string): Promise<Sender[]> {
  const db: Db = createDb({ databaseUrl, applicationName: 'fuzz', poolSize: 1 })
  const senders = Array.from({ length: SENDERS }, (_, index) => ({
    userId: randomUUID(),
    token: `a-token-of-the-fuzz-${index}-0123456789abcdef`,
  }))
  for (const { userId, token } of senders) {
    await db.query(
      `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified) VALUES ($1, $2, '-', 'F', true, true)`,
      [userId, `${userId}@test`],
    )
    await db.query('INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, $3, $4)', [
      randomUUID(),
      userId,
      createHash('sha256').update(token).digest(),
      token.slice(-4),
    ])
  }
  await db.close()
  return senders
}

interface Post {
  readonly agent: http.Agent
  readonly url: string
  readonly path: string
  readonly body: FuzzBody
}

function post({ agent, url, path, body }: Post): Promise<number> {
  return new Promise((resolve) => {
    const headers = { ...body.headers, 'content-length': body.bytes.length }
    let answered = false
    const outgoing = http.request(new URL(path, url), { agent, method: 'POST', headers }, (answer) => {
      answered = true
      answer.resume()
      answer.on('close', () => resolve(answer.statusCode ?? 0))
    })
    // The rest of a body that is too long is not taken: its answer has come by then.
    outgoing.on('error', () => {
      if (!answered) resolve(0)
    })
    outgoing.end(body.bytes)
  })
}

import type { Db } from '@matic/db'
import type { Bus, Clock } from '@matic/platform'

export interface KnownWebhook {
  readonly id: string
  readonly userId: string
  readonly tokenHash: Buffer
  /** Came with the token before the present one. */
  readonly isPrevious: boolean
  /** Epoch ms after which this token is taken no more; null: until it is replaced. */
  readonly untilMs: number | null
  readonly onlyTradingView: boolean
  readonly maxAgeSeconds: number | null
}

export interface WebhookBook {
  /** The active webhook with this token; at once when it is known. `null` for an unknown one. */
  find(tokenHash: Buffer): KnownWebhook | null | Promise<KnownWebhook | null>
}

interface Entry {
  readonly webhook: KnownWebhook | null
  readonly untilMs: number
}

interface WebhookBookOptions {
  readonly db: Db
  readonly bus: Pick<Bus, 'subscribe' | 'onGap'>
  readonly clock: Clock
}

/** Longer than this no revoked token lives, even when its invalidation got lost. */
const KNOWN_MS = 5_000
const UNKNOWN_MS = 1_000
const ENTRIES_MAX = 20_000

export function createWebhookBook({ db, bus, clock }: WebhookBookOptions): WebhookBook {
  const entries = new Map<string, Entry>()
  const lookups = new Map<string, Promise<KnownWebhook | null>>()

  bus.subscribe('invalidate', ({ kind, ids }) => {
    if (kind !== 'webhook') return
    for (const [key, { webhook }] of entries) if (webhook === null || ids.includes(webhook.id)) entries.delete(key)
    lookups.clear()
  })
  bus.onGap(() => {
    entries.clear()
    lookups.clear()
  })

  function lookUp(key: string, tokenHash: Buffer): Promise<KnownWebhook | null> {
    const running = lookups.get(key)
    if (running) return running
    const lookup = readWebhook(db, tokenHash)
    lookups.set(key, lookup)
    lookup.then(
      (webhook) => {
        if (lookups.get(key) !== lookup) return
        lookups.delete(key)
        if (entries.size >= ENTRIES_MAX) entries.clear()
        entries.set(key, { webhook, untilMs: clock.monotonic() + (webhook ? KNOWN_MS : UNKNOWN_MS) })
      },
      () => lookups.delete(key),
    )
    return lookup
  }

  function inForce(webhook: KnownWebhook | null): KnownWebhook | null {
    return webhook !== null && webhook.untilMs !== null && webhook.untilMs <= clock.now() ? null : webhook
  }

  return {
    find(tokenHash) {
      const key = tokenHash.toString('base64')
      const entry = entries.get(key)
      if (entry && entry.untilMs > clock.monotonic()) return inForce(entry.webhook)
      return lookUp(key, tokenHash).then(inForce)
    },
  }
}

async function readWebhook(db: Db, tokenHash: Buffer): Promise<KnownWebhook | null> {
  const [webhook] = await db.query<KnownWebhook>(
    `SELECT id, user_id AS "userId", $1::bytea AS "tokenHash", token_hash <> $1 AS "isPrevious",
            CASE WHEN token_hash <> $1 THEN (extract(epoch FROM previous_until) * 1000)::float8 END AS "untilMs",
            only_trading_view AS "onlyTradingView", max_age_seconds AS "maxAgeSeconds"
       FROM webhook WHERE is_active AND (token_hash = $1 OR (previous_token_hash = $1 AND previous_until > clock_timestamp()))`,
    [tokenHash],
  )
  return webhook ?? null
}

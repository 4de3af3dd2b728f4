import {
  AppError,
  TRADINGVIEW_ADDRESSES,
  TRADINGVIEW_TRIGGERS_MAX,
  TRADINGVIEW_TRIGGERS_WITHIN_MS,
  type WebhookView,
} from '@matic/contracts'
import { recordFacts, type Queryable } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { isoOrNull } from '../plain.ts'
import { webhookUrl } from './get-settings.ts'

interface Owner {
  readonly userId: string
  /** Where alerts are sent to from outside, such as https://trade.example.org. */
  readonly publicUrl: string
}

interface Row {
  readonly id: string
  readonly tail: string
  readonly lastSeenAt: Date | null
  readonly previousTail: string | null
  readonly previousUntil: Date | null
  readonly previousSeenAt: Date | null
  readonly onlyTradingView: boolean
  readonly maxAgeSeconds: number | null
  readonly holdGaps: boolean
}

const BUSIEST = 3
const OWN_WEBHOOK = 'SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1'

/** The owner's webhook as its page shows it. */
export async function readWebhook({ db, input }: { db: Queryable; input: Owner }): Promise<WebhookView> {
  const [row] = await db.query<Row>(
    `SELECT id, token_tail AS tail, last_seen_at AS "lastSeenAt", only_trading_view AS "onlyTradingView", max_age_seconds AS "maxAgeSeconds",
            hold_gaps AS "holdGaps",
            CASE WHEN previous_until > clock_timestamp() THEN previous_token_tail END AS "previousTail",
            previous_until AS "previousUntil", previous_seen_at AS "previousSeenAt"
       FROM webhook WHERE id = (${OWN_WEBHOOK})`,
    [input.userId],
  )
  const busiest = row === undefined ? [] : await readBusiest(db, row.id)
  return {
    url: row === undefined ? null : webhookUrl(input, `****${row.tail}`),
    oneAddressUrl: `${input.publicUrl.replace(/\/+$/, '')}/api/webhook/tradingview`,
    lastSeenAt: isoOrNull(row?.lastSeenAt ?? null),
    previous:
      row?.previousTail && row.previousUntil
        ? { tail: row.previousTail, validUntil: row.previousUntil.toISOString(), lastSeenAt: isoOrNull(row.previousSeenAt) }
        : null,
    onlyTradingView: row?.onlyTradingView ?? false,
    maxAgeSeconds: row?.maxAgeSeconds ?? null,
    holdGaps: row?.holdGaps ?? true,
    busiest,
    triggersMax: TRADINGVIEW_TRIGGERS_MAX,
    allowedAddresses: [...TRADINGVIEW_ADDRESSES],
  }
}

function readBusiest(db: Queryable, webhookId: string): Promise<WebhookView['busiest']> {
  return db.query<{ ticker: string; triggers: number }>(
    `SELECT ticker, count(*)::int AS triggers FROM signal
      WHERE source_id = $1 AND source = 'WEBHOOK' AND received_at > clock_timestamp() - make_interval(secs => $2)
      GROUP BY ticker ORDER BY triggers DESC, ticker LIMIT $3`,
    [webhookId, TRADINGVIEW_TRIGGERS_WITHIN_MS / 1_000, BUSIEST],
  )
}

interface Patch {
  readonly onlyTradingView: boolean | undefined
  readonly maxAgeSeconds: number | null | undefined
  readonly holdGaps: boolean | undefined
}

/** @throws AppError CONFLICT without a webhook */
export async function updateWebhook({ ctx, input }: { ctx: ServiceContext; input: { userId: string; patch: Patch } }): Promise<void> {
  const { onlyTradingView, maxAgeSeconds, holdGaps } = input.patch
  await change(ctx, input.userId, ['webhookLimits'], {
    set: `only_trading_view = coalesce($2, only_trading_view), max_age_seconds = CASE WHEN $4 THEN $3 ELSE max_age_seconds END,
          hold_gaps = coalesce($5, hold_gaps)`,
    values: [onlyTradingView ?? null, maxAgeSeconds ?? null, maxAgeSeconds !== undefined, holdGaps ?? null],
  })
}

/** The token before the present one is taken no more. @throws AppError CONFLICT without a webhook */
export async function revokePrevious({ ctx, input }: { ctx: ServiceContext; input: { userId: string } }): Promise<void> {
  await change(ctx, input.userId, ['webhookUrl'], {
    set: 'previous_token_hash = NULL, previous_token_tail = NULL, previous_until = NULL, previous_seen_at = NULL',
    values: [],
  })
}

async function change(
  ctx: ServiceContext,
  userId: string,
  fields: string[],
  { set, values }: { set: string; values: unknown[] },
): Promise<void> {
  const { id, factIds } = await ctx.db.transaction(async (tx) => {
    const [webhook] = await tx.query<{ id: string }>(`UPDATE webhook SET ${set} WHERE id = (${OWN_WEBHOOK}) RETURNING id`, [
      userId,
      ...values,
    ])
    if (webhook === undefined) throw new AppError('CONFLICT', 'There is no webhook yet. Make a new address first.')
    const facts = await recordFacts(tx, [
      { userId, kind: 'settings-changed', entity: 'webhook', entityId: webhook.id, payload: { fields } },
    ])
    return { id: webhook.id, factIds: facts }
  })
  ctx.bus.publish('invalidate', { kind: 'webhook', ids: [id] })
  ctx.bus.publish('facts', { ids: factIds })
}

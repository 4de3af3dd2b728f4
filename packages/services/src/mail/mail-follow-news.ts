import { activityOf, MAILED_FOLLOW_CHANGES } from '@matic/contracts'
import { recordFacts, type NewFact, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { NEWS_USEFUL_MS } from './queue-mail.ts'

/** Mails about follows that one person gets within a day. The activity log has them all. */
const A_DAY = 30
/** With so many that day a leader's changes of terms are not mailed any more, so that they keep nothing else from its readers. */
const TERMS_A_DAY = 10

/**
 * Records what became of follows by themselves, and mails what of it people should hear of wherever they are, to those who want that. The last statements
 * of a transaction.
 * @returns ids to publish once the transaction has committed
 */
export async function recordFollowFacts(tx: Transaction, ctx: ServiceContext, facts: readonly NewFact[]): Promise<string[]> {
  await mailNews(tx, ctx, facts.filter(isNews))
  return recordFacts(tx, facts)
}

function isNews({ userId, kind, entity, payload }: NewFact): boolean {
  if (userId === null) return false
  if (kind === 'settings-changed') return entity === 'copy-fee'
  return kind === 'follow-changed' && MAILED_FOLLOW_CHANGES.some((change) => change === payload['change'])
}

async function mailNews(tx: Transaction, ctx: ServiceContext, news: readonly NewFact[]): Promise<void> {
  const said = news.flatMap((fact) => {
    const activity = activityOf(fact)
    return activity === null ? [] : [{ fact, activity }]
  })
  if (said.length === 0) return
  const nowMs = ctx.clock.now()
  await tx.query(
    `INSERT INTO mail (id, user_id, recipient, template, params, useful_until, next_at, created_at)
     SELECT i, p.id, p.email, 'follow-news',
            jsonb_build_object('name', p.full_name, 'at', $6::text, 'followId', f, 'strategy', coalesce(n->>'strategy', 'a strategy'), 'code', c, 'numbers', n), $7, $8, $8
       FROM (SELECT i, u, f, c, n::jsonb AS n, row_number() OVER (PARTITION BY u ORDER BY i) AS nth
               FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[]) AS x(i, u, f, c, n)) x
       JOIN app_user p ON p.id = x.u AND p.follow_mails AND p.is_email_verified AND p.is_active
      WHERE nth + (SELECT count(*) FROM mail m WHERE m.user_id = p.id AND m.template = 'follow-news' AND m.created_at > $8::timestamptz - interval '1 day') <= CASE WHEN c = 'FOLLOW_TERMS' THEN ${TERMS_A_DAY} ELSE ${A_DAY} END`,
    [
      said.map(() => ctx.newId()),
      said.map(({ fact }) => fact.userId),
      said.map(({ fact }) => fact.entityId),
      said.map(({ activity }) => activity.code),
      said.map(({ activity }) => JSON.stringify(activity.params)),
      new Date(nowMs).toISOString(),
      new Date(nowMs + NEWS_USEFUL_MS),
      new Date(nowMs),
    ],
  )
}

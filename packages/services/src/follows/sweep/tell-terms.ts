import { BindingTerms, type FollowState } from '@matic/contracts'
import { termsNews } from '@matic/domain'
import type { ServiceContext } from '../../context.ts'
import { recordFollowFacts } from '../../mail/mail-follow-news.ts'
import { followFact, type ToldFollow } from '../follow-facts.ts'

interface Due extends ToldFollow {
  readonly state: FollowState
  readonly leverage: number | null
  readonly marginMode: 'cross' | 'isolated'
  readonly known: unknown
  readonly terms: unknown
  readonly version: number
}

/** Changes that come sooner after those that were told are gathered, so that no leader can fill anybody's log. */
const TELLS_EVERY_S = 3_600
const AT_ONCE = 5_000

/**
 * Those who can open now or again. Whoever only closes by their own choice is told when they resume; that a strategy is closed is told by its end, and
 * here only to those who were told that it is open again.
 */
export const hearsOfTerms = (follow: string, strategy: string): string =>
  `(${follow}.state IN ('ACTIVE', 'PAUSED') AND ${strategy}.closed_at IS NULL OR ${follow}.state = 'CLOSE_ONLY' AND ${follow}.stop_cause = 'STRATEGY_CLOSED')`

const DUE = `
  SELECT f.id AS "followId", f.user_id AS "userId", s.name AS strategy, f.state, (f.settings->>'leverage')::int AS leverage,
         coalesce(nullif(f.settings->>'marginMode', 'own'), ar.overrides->>'marginMode', b.margin_mode) AS "marginMode", f.known_terms AS known,
         jsonb_build_object('state', CASE WHEN s.closed_at IS NULL THEN s.state ELSE 'CLOSED' END, 'forced', s.forced) AS terms, s.terms_version AS version
    FROM follow f JOIN strategy s ON s.id = f.strategy_id AND s.terms_version <> f.known_terms_version
    JOIN bot_settings b ON b.user_id = f.user_id LEFT JOIN account_rules ar ON ar.account_id = f.account_id
   WHERE ${hearsOfTerms('f', 's')}
     AND (f.terms_told_at IS NULL OR f.terms_told_at <= clock_timestamp() - make_interval(secs => ${TELLS_EVERY_S}))
   ORDER BY f.id LIMIT ${AT_ONCE} FOR UPDATE OF f SKIP LOCKED`

/** Followers hear what their leader changed for everybody: at once, and what is changed again within an hour as one when it is over. */
export async function tellTerms({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const { ids, count } = await ctx.db.transaction(async (tx) => {
    const due = await tx.query<Due>(DUE)
    if (due.length === 0) return { ids: [], count: 0 }
    const told = due.map((one) => {
      const [from, to] = [BindingTerms.parse(one.known), BindingTerms.parse(one.terms)]
      return { one, to, news: termsNews({ from, to, follower: one }) }
    })
    await tx.query(
      `UPDATE follow f SET known_terms = x.terms::jsonb, known_terms_version = x.version, terms_told = x.news::jsonb, terms_told_at = clock_timestamp()
         FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[]) AS x(id, terms, version, news) WHERE f.id = x.id`,
      [
        due.map(({ followId }) => followId),
        told.map(({ to }) => JSON.stringify(to)),
        due.map(({ version }) => version),
        told.map(({ news }) => (news === null ? null : JSON.stringify(news))),
      ],
    )
    const facts = told.map(({ one, news }) => followFact(one, news === null ? 'terms-back' : 'terms', news ?? {}))
    return { ids: await recordFollowFacts(tx, ctx, facts), count: due.length }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return count
}

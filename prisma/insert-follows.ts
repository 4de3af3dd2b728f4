import { FollowSettings, type FollowSettingsInput } from '@matic/contracts'
import type { Transaction } from '@matic/db'

/** What people ask for, in turns: every way of sizing, some of them careful, one the other way round. */
const WISHES: readonly FollowSettingsInput[] = [
  { sizing: { mode: 'ratio', ratio: '1' } },
  { sizing: { mode: 'equity-to-equity' } },
  { sizing: { mode: 'fixed-quantity', quantityBase: '0.004' }, leverage: 5 },
  { sizing: { mode: 'fixed-quote', notionalQuote: '500' }, belowMinimum: 'round-up' },
  { sizing: { mode: 'fixed-margin', marginQuote: '50' }, leverage: 10, marginMode: 'isolated' },
  { sizing: { mode: 'percent-of-equity', percent: '2' }, maxOrderQuote: '1000' },
  { sizing: { mode: 'risk-from-stop', percent: '0.5' }, notEnoughBalance: 'shrink' },
  {
    sizing: {
      mode: 'tiered',
      tiers: [
        { upToQuote: '1000', ratio: '1' },
        { upToQuote: null, ratio: '0.5' },
      ],
    },
  },
  { sizing: { mode: 'ratio', ratio: '2' }, maxPositions: 10, entrySlippagePercent: '2', portfolioStopPercent: '40' },
  { sizing: { mode: 'ratio', ratio: '0.5' }, direction: 'reverse', belowMinimum: 'round-up', protection: 'own' },
]

/** Settings of the so-manieth follower. */
export function variedSettings(index: number): FollowSettings {
  return FollowSettings.parse(WISHES[index % WISHES.length])
}

export interface NewFollow {
  readonly id: string
  readonly routeId: string
  readonly userId: string
  readonly accountId: string
  readonly settings: FollowSettings
  /** Quote; what the account was worth when it joined. */
  readonly equity: string
}

/**
 * Follows of a strategy that is offered on this source, from now on. An account that follows it already is left as it is.
 * @returns accounts that follow it now and did not before
 */
export async function insertFollows(
  tx: Transaction,
  { strategyId, webhookId, follows }: { strategyId: string; webhookId: string; follows: readonly NewFollow[] },
): Promise<string[]> {
  const rows = await tx.query<{ accountId: string }>(
    `WITH wanted AS (
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::numeric[]) AS x(id, route_id, user_id, account_id, settings, equity)),
     begun AS (
       INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at, joined_equity, known_terms, known_terms_version)
       SELECT x.id, x.user_id, s.id, x.account_id, x.route_id, x.settings::jsonb, clock_timestamp(), x.equity, jsonb_build_object('state', s.state, 'forced', s.forced), s.terms_version
         FROM wanted x JOIN strategy s ON s.id = $7
       ON CONFLICT (strategy_id, account_id) WHERE state <> 'STOPPED' DO NOTHING RETURNING id, user_id, account_id, route_id)
     INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id)
     SELECT route_id, user_id, 'WEBHOOK', $8, account_id, id FROM begun RETURNING account_id AS "accountId"`,
    [
      follows.map(({ id }) => id),
      follows.map(({ routeId }) => routeId),
      follows.map(({ userId }) => userId),
      follows.map(({ accountId }) => accountId),
      follows.map(({ settings }) => JSON.stringify(settings)),
      follows.map(({ equity }) => equity),
      strategyId,
      webhookId,
    ],
  )
  return rows.map(({ accountId }) => accountId)
}

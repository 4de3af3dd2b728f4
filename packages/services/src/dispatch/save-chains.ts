import type { NewFact, Transaction } from '@matic/db'
import { openIds } from '@matic/domain/chain/advance'
import type { Followed, Release } from './follow-chains.ts'
import { repeatSignals } from '../signals/repeat-signals.ts'
import type { ServiceContext } from '../context.ts'

interface Settled {
  readonly signalId: string
  readonly userId: string
  readonly ticker: string
  readonly missingFrom: string
  readonly missingTo: string
}

/** Writes what followChains found: chains, holds and releases, whose signals are stored. @returns facts to record last */
export async function saveChains(tx: Transaction, ctx: Pick<ServiceContext, 'timings'>, followed: Followed): Promise<NewFact[]> {
  const { chains, holds, releases } = followed
  if (chains.length === 0) return []
  await tx.query(
    `INSERT INTO signal_chain (source_id, ticker, account, state, updated_at)
     SELECT s, t, a, c::jsonb, clock_timestamp() FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS x(s, t, a, c) ORDER BY s, t, a
     ON CONFLICT (source_id, ticker, account) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at`,
    [
      chains.map(({ sourceId }) => sourceId),
      chains.map(({ ticker }) => ticker),
      chains.map(({ account }) => account),
      chains.map(({ chain }) => JSON.stringify(chain)),
    ],
  )
  if (holds.length > 0)
    await tx.query(
      `INSERT INTO signal_hold (signal_id, user_id, source_id, ticker, account, missing_from, missing_to, held_at, expires_at)
       SELECT i, u, s, t, a, f, o, clock_timestamp(), r + make_interval(secs => $9)
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[]) AS x(i, u, s, t, a, f, o, r)
       ON CONFLICT DO NOTHING`,
      [
        holds.map(({ signal }) => signal.id),
        holds.map(({ signal }) => signal.userId),
        holds.map(({ key }) => key.sourceId),
        holds.map(({ key }) => key.ticker),
        holds.map(({ key }) => key.account),
        holds.map(({ missingFrom }) => missingFrom),
        holds.map(({ missingTo }) => missingTo),
        holds.map(({ signal }) => signal.receivedAt),
        ctx.timings.chainHoldMs / 1_000,
      ],
    )
  const released = await settleReleased(tx, releases)
  const passed = await tx.query<Settled>(
    `UPDATE signal_hold h SET state = 'PASSED', settled_at = clock_timestamp()
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k(s, t, a)
      WHERE h.source_id = k.s AND h.ticker = k.t AND h.account = k.a AND h.state IN ('HELD', 'EXPIRED') AND h.signal_id <> ALL($4::uuid[])
      RETURNING ${SETTLED}`,
    [
      chains.map(({ sourceId }) => sourceId),
      chains.map(({ ticker }) => ticker),
      chains.map(({ account }) => account),
      chains.flatMap(({ chain }) => openIds(chain)),
    ],
  )
  return [...released, ...passed.map((hold) => holdFact(hold, { state: 'PASSED' }))]
}

export const SETTLED = `h.signal_id AS "signalId", h.user_id AS "userId", h.ticker, h.missing_from AS "missingFrom", h.missing_to AS "missingTo"`

async function settleReleased(tx: Transaction, releases: readonly Release[]): Promise<NewFact[]> {
  if (releases.length === 0) return []
  await repeatSignals(
    tx,
    releases.filter(({ isByHand }) => !isByHand).map(({ signal, originId }) => ({ ...signal, originId, requestId: null })),
  )
  const rows = await tx.query<Settled>(
    `UPDATE signal_hold h SET state = 'RELEASED', settled_at = clock_timestamp(), release_id = x.r
       FROM unnest($1::uuid[], $2::uuid[]) AS x(o, r) WHERE h.signal_id = x.o RETURNING ${SETTLED}`,
    [releases.map(({ originId }) => originId), releases.map(({ signal }) => signal.id)],
  )
  const byHand = new Set(releases.flatMap(({ originId, isByHand }) => (isByHand ? [originId] : [])))
  return rows.map((hold) => holdFact(hold, { state: 'RELEASED', byHand: byHand.has(hold.signalId) }))
}

export function holdFact(hold: Settled, more: { state: string; byHand?: boolean }): NewFact {
  const { signalId, userId, ...payload } = hold
  return { userId, kind: 'hold-settled', entity: 'signal', entityId: signalId, payload: { ...payload, ...more } }
}

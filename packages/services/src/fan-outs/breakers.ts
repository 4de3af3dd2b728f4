import { AppError, type BreakerView } from '@matic/contracts'
import { recordFacts, type NewFact, type Queryable } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { assertOwn } from '../follows/invites.ts'
import { administrators } from './administrators.ts'

type Row = Omit<BreakerView, 'openedAt' | 'openUntil'> & { readonly openedAt: Date; readonly openUntil: Date }

/** SQL: what the breaker `b` is of, in words. */
export const BREAKER_NAME = `coalesce((SELECT s.name FROM strategy s WHERE 'strategy:' || s.id = b.scope), split_part(b.scope, ':', 2))`

const BREAKERS = `SELECT b.scope, CASE WHEN b.scope LIKE 'strategy:%' THEN 'strategy' ELSE 'venue' END AS kind, ${BREAKER_NAME} AS name,
    CASE WHEN b.open_until > clock_timestamp() THEN 'OPEN' ELSE 'HALF_OPEN' END AS state, b.opened_at AS "openedAt", b.open_until AS "openUntil",
    b.times, b.accepted, b.refused FROM breaker b`

/** Of everybody: for administrators alone. */
export async function listBreakers({ db }: { db: Queryable }): Promise<BreakerView[]> {
  return (await db.query<Row>(`${BREAKERS} ORDER BY b.opened_at DESC, b.scope LIMIT 500`)).map(view)
}

/** The strategy's own, and those of venues where somebody follows it. @throws AppError NOT_FOUND */
export async function listStrategyBreakers({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; strategyId: string }
}): Promise<BreakerView[]> {
  await assertOwn(db, input)
  const rows = await db.query<Row>(
    `${BREAKERS} WHERE b.scope = 'strategy:' || $1::uuid OR b.scope IN (
       SELECT 'venue:' || a.exchange FROM follow f JOIN account a ON a.id = f.account_id WHERE f.strategy_id = $1 AND f.state <> 'STOPPED')
     ORDER BY b.opened_at DESC, b.scope`,
    [input.strategyId],
  )
  return rows.map(view)
}

/**
 * Lets openings through from now on. What was refused before counts no more; the first answers after it decide.
 * @throws AppError NOT_FOUND where no breaker of that scope stands
 */
export async function closeBreaker({
  ctx,
  input,
}: {
  ctx: Pick<ServiceContext, 'db' | 'bus'>
  input: { userId: string; scope: string }
}): Promise<BreakerView[]> {
  const { userId, scope } = input
  const factIds = await ctx.db.transaction(async (tx) => {
    const [found] = await tx.query<{ leaderId: string | null; name: string; wasOpen: boolean; accepted: number; refused: number }>(
      `WITH was AS (SELECT scope, open_until > clock_timestamp() AS open FROM breaker WHERE scope = $1 FOR UPDATE)
       UPDATE breaker b SET open_until = least(b.open_until, clock_timestamp()) FROM was WHERE b.scope = was.scope
       RETURNING b.user_id AS "leaderId", ${BREAKER_NAME} AS name, was.open AS "wasOpen", b.accepted, b.refused`,
      [scope],
    )
    if (!found) throw new AppError('NOT_FOUND', 'No openings are stopped there')
    if (!found.wasOpen) return []
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, after) VALUES ($1, $2, 'breaker-closed', $3)`, [
      userId,
      found.leaderId ?? userId,
      JSON.stringify({ scope, accepted: found.accepted, refused: found.refused }),
    ])
    const told = new Set([...(found.leaderId === null ? [] : [found.leaderId]), ...(await administrators(tx))])
    return recordFacts(
      tx,
      [...told].map((to): NewFact => ({
        userId: to,
        kind: 'opens-stopped',
        entity: 'breaker',
        entityId: scope,
        payload: { state: 'CLOSED', name: found.name, refused: found.refused, answered: found.accepted + found.refused },
      })),
    )
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  return listBreakers({ db: ctx.db })
}

function view(row: Row): BreakerView {
  return { ...row, openedAt: row.openedAt.toISOString(), openUntil: row.openUntil.toISOString() }
}

import { AppError, type OwnStrategy } from '@matic/contracts'
import type { Queryable, Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { isoOrNull } from '../plain.ts'

type Row = Omit<OwnStrategy, 'since' | 'closedAt'> & { readonly since: Date; readonly closedAt: Date | null }

const OWN = `SELECT s.id, s.account_id AS "accountId", a.label AS "accountLabel", a.environment, s.name, s.description, s.visibility, s.since, s.closed_at AS "closedAt",
                    coalesce(h.days, 0) AS days, coalesce(h.number, 0) AS rows,
                    (SELECT count(DISTINCT f.user_id)::int FROM follow f WHERE f.strategy_id = s.id AND f.state <> 'STOPPED' AND f.stop_cause IS NULL) AS told
               FROM strategy s JOIN account a ON a.id = s.account_id LEFT JOIN record_head h ON h.strategy_id = s.id
              WHERE s.user_id = $1 AND ($2::uuid IS NULL OR s.id = $2) ORDER BY s.created_at DESC, s.id`

export async function listOwnStrategies({ db, input }: { db: Queryable; input: { userId: string } }): Promise<OwnStrategy[]> {
  return (await db.query<Row>(OWN, [input.userId, null])).map(view)
}

interface Published {
  readonly userId: string
  readonly accountId: string
  readonly name: string
  readonly description: string
  readonly visibility: 'PUBLIC' | 'PRIVATE'
}

/**
 * Its record begins now: what was traded before was not published.
 * @throws AppError ACCOUNT_NOT_FOUND; CONFLICT where the account has a strategy on offer already
 */
export async function publishStrategy({ ctx, input }: { ctx: ServiceContext; input: Published }): Promise<OwnStrategy> {
  const { userId, accountId, name, description, visibility } = input
  const id = ctx.newId()
  return ctx.db.transaction(async (tx) => {
    const [account] = await tx.query('SELECT 1 FROM account WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL FOR UPDATE', [
      accountId,
      userId,
    ])
    if (!account) throw new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
    await assertNoOther(tx, { userId, accountId, strategyId: id })
    await tx.query(
      `INSERT INTO strategy (id, user_id, account_id, name, description, visibility, since) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())`,
      [id, userId, accountId, name, description, visibility],
    )
    return one(tx, userId, id)
  })
}

interface Change {
  readonly userId: string
  readonly strategyId: string
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly visibility?: 'PUBLIC' | 'PRIVATE' | undefined
  readonly isClosed?: boolean | undefined
}

/** @throws AppError NOT_FOUND; CONFLICT where it is opened again and its account is gone, or has another on offer by now */
export async function changeStrategy({ ctx, input }: { ctx: ServiceContext; input: Change }): Promise<OwnStrategy> {
  const { userId, strategyId, name, description, visibility, isClosed } = input
  return ctx.db.transaction(async (tx) => {
    if (isClosed === false) await assertMayReopen(tx, input)
    await tx.query(
      `UPDATE strategy SET name = coalesce($3, name), description = coalesce($4, description), visibility = coalesce($5, visibility),
              terms_version = terms_version + CASE WHEN $6::boolean = (closed_at IS NULL) THEN 1 ELSE 0 END,
              closed_at = CASE WHEN $6::boolean IS NULL THEN closed_at WHEN $6 THEN coalesce(closed_at, clock_timestamp()) END
        WHERE id = $1 AND user_id = $2`,
      [strategyId, userId, name ?? null, description ?? null, visibility ?? null, isClosed ?? null],
    )
    return one(tx, userId, strategyId)
  })
}

/** The account is held, as whoever publishes one holds it. */
async function assertMayReopen(tx: Transaction, { userId, strategyId }: Change): Promise<void> {
  const [account] = await tx.query<{ id: string; isGone: boolean }>(
    `SELECT a.id, a.deleted_at IS NOT NULL AS "isGone" FROM strategy s JOIN account a ON a.id = s.account_id
      WHERE s.id = $1 AND s.user_id = $2 FOR UPDATE OF a`,
    [strategyId, userId],
  )
  if (!account) throw new AppError('NOT_FOUND', 'There is no such strategy')
  if (account.isGone) throw new AppError('CONFLICT', 'The account of this strategy is deleted')
  await assertNoOther(tx, { userId, accountId: account.id, strategyId })
}

interface Offer {
  readonly userId: string
  readonly accountId: string
  readonly strategyId: string
}

async function assertNoOther(tx: Transaction, { userId, accountId, strategyId }: Offer): Promise<void> {
  const [other] = await tx.query<{ name: string }>(
    'SELECT name FROM strategy WHERE account_id = $1 AND user_id = $2 AND closed_at IS NULL AND id <> $3',
    [accountId, userId, strategyId],
  )
  if (other) throw new AppError('CONFLICT', `The account already has a strategy on offer: ${other.name}`)
}

async function one(db: Queryable, userId: string, strategyId: string): Promise<OwnStrategy> {
  const [row] = await db.query<Row>(OWN, [userId, strategyId])
  if (!row) throw new AppError('NOT_FOUND', 'There is no such strategy')
  return view(row)
}

function view(row: Row): OwnStrategy {
  return { ...row, since: row.since.toISOString(), closedAt: isoOrNull(row.closedAt) }
}

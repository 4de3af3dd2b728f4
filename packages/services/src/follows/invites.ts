import { createHash } from 'node:crypto'
import { AppError, type InviteView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { randomToken } from '@matic/platform'
import type { ServiceContext } from '../context.ts'
import { isoOrNull } from '../plain.ts'

export function hashOfCode(code: string): Buffer {
  return createHash('sha256').update(code.trim()).digest()
}

type Row = Omit<InviteView, 'expiresAt' | 'revokedAt' | 'createdAt'> & {
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  readonly createdAt: Date
}

interface Own {
  readonly userId: string
  readonly strategyId: string
}

/** @throws AppError NOT_FOUND */
export async function listInvites({ db, input }: { db: Queryable; input: Own }): Promise<InviteView[]> {
  await assertOwn(db, input)
  const rows = await db.query<Row>(
    `SELECT id, uses, max_uses AS "maxUses", expires_at AS "expiresAt", revoked_at AS "revokedAt", created_at AS "createdAt"
       FROM strategy_invite WHERE strategy_id = $1 AND user_id = $2 ORDER BY created_at DESC, id`,
    [input.strategyId, input.userId],
  )
  return rows.map(view)
}

interface NewInvite extends Own {
  readonly maxUses: number | null
  readonly expiresInDays: number | null
}

/** The code is answered this once and stored as a hash. @throws AppError NOT_FOUND */
export async function createInvite({ ctx, input }: { ctx: ServiceContext; input: NewInvite }): Promise<InviteView & { code: string }> {
  await assertOwn(ctx.db, input)
  const code = randomToken({ random: ctx.random }).slice(0, 24)
  const [row] = await ctx.db.query<Row>(
    `INSERT INTO strategy_invite (id, strategy_id, user_id, code_hash, max_uses, expires_at)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(days => $6::int))
     RETURNING id, uses, max_uses AS "maxUses", expires_at AS "expiresAt", revoked_at AS "revokedAt", created_at AS "createdAt"`,
    [ctx.newId(), input.strategyId, input.userId, hashOfCode(code), input.maxUses, input.expiresInDays],
  )
  if (!row) throw new AppError('INTERNAL', 'An INSERT answered no row')
  return { ...view(row), code }
}

/** @throws AppError NOT_FOUND */
export async function revokeInvite({ ctx, input }: { ctx: ServiceContext; input: Own & { inviteId: string } }): Promise<InviteView[]> {
  await ctx.db.query(
    'UPDATE strategy_invite SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = $1 AND strategy_id = $2 AND user_id = $3',
    [input.inviteId, input.strategyId, input.userId],
  )
  return listInvites({ db: ctx.db, input })
}

export async function assertOwn(db: Queryable, { userId, strategyId }: Own): Promise<void> {
  const [own] = await db.query('SELECT 1 FROM strategy WHERE id = $1 AND user_id = $2', [strategyId, userId])
  if (!own) throw new AppError('NOT_FOUND', 'There is no such strategy')
}

function view(row: Row): InviteView {
  return {
    ...row,
    expiresAt: isoOrNull(row.expiresAt),
    revokedAt: isoOrNull(row.revokedAt),
    createdAt: row.createdAt.toISOString(),
  }
}

import { AccountFinding, AccountProbe, AppError, type ApiKeyView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { z } from 'zod'

interface Row {
  id: string
  exchange: ApiKeyView['exchange']
  environment: ApiKeyView['environment']
  label: string
  apiKey: string | null
  isActive: boolean
  status: ApiKeyView['status']
  positionMode: 'ONE_WAY' | 'HEDGE'
  sharedSymbols: ApiKeyView['sharedSymbols']
  createdAt: Date
  checkedAt: Date | null
  probe: unknown
  findings: unknown
}

const SELECT = `
  SELECT a.id, a.exchange, a.environment, a.label, a.masked_api_key AS "apiKey", a.is_active AS "isActive", a.key_status AS status,
         a.position_mode AS "positionMode", a.shared_symbols AS "sharedSymbols", a.created_at AS "createdAt", c.checked_at AS "checkedAt", c.probe, c.findings
    FROM account a LEFT JOIN account_check c ON c.account_id = a.id
   WHERE a.user_id = $1 AND a.deleted_at IS NULL`

/** A person's accounts, oldest first. */
export async function listApiKeys({ db, userId }: { db: Queryable; userId: string }): Promise<ApiKeyView[]> {
  const rows = await db.query<Row>(`${SELECT} ORDER BY a.created_at, a.id`, [userId])
  return rows.map(viewOf)
}

/** @throws AppError ACCOUNT_NOT_FOUND, for an account of somebody else too */
export async function getApiKey({ db, userId, accountId }: { db: Queryable; userId: string; accountId: string }): Promise<ApiKeyView> {
  const [row] = await db.query<Row>(`${SELECT} AND a.id = $2`, [userId, accountId])
  if (!row) throw accountNotFound()
  return viewOf(row)
}

export function accountNotFound(): AppError {
  return new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
}

function viewOf({ createdAt, checkedAt, probe, findings, ...row }: Row): ApiKeyView {
  return { ...row, isValid: row.status === 'VALID', createdAt: createdAt.toISOString(), check: checkOf(checkedAt, probe, findings) }
}

function checkOf(checkedAt: Date | null, probe: unknown, findings: unknown): ApiKeyView['check'] {
  if (checkedAt === null) return null
  const { positionMode: _positionMode, expiresAtMs, ...rest } = AccountProbe.parse(probe)
  return {
    ...rest,
    checkedAt: checkedAt.toISOString(),
    expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    findings: z.array(AccountFinding).parse(findings),
  }
}

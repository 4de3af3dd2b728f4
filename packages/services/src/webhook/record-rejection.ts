import type { ErrorCode, ErrorDetails } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'

export interface Rejection {
  readonly userId: string
  readonly webhookId: string
  readonly receivedAtMs: number
  readonly rawBody: Uint8Array
  readonly statusCode: number
  readonly code: ErrorCode
  /** What to fix, for the owner. */
  readonly message: string
  readonly details: ErrorDetails | undefined
  readonly requestId: string
}

const KEPT_BYTES = 16 * 1024

/** Keeps a delivery that made no signal, so that its owner sees what to fix. */
export async function recordRejection({ ctx, input }: { ctx: ServiceContext; input: Rejection }): Promise<void> {
  const id = ctx.newId()
  const factIds = await ctx.db.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO delivery (id, user_id, webhook_id, received_at, outcome, status_code, error_code, details, raw_body, request_id)
       VALUES ($1, $2, $3, $4, 'REJECTED', $5, $6, $7, $8, $9)`,
      [
        id,
        input.userId,
        input.webhookId,
        new Date(input.receivedAtMs),
        input.statusCode,
        input.code,
        withoutNul({ message: input.message, ...input.details }),
        Buffer.from(input.rawBody.subarray(0, KEPT_BYTES)),
        input.requestId,
      ],
    )
    const payload = { code: input.code, statusCode: input.statusCode }
    return recordFacts(tx, [{ userId: input.userId, kind: 'alert-rejected', entity: 'delivery', entityId: id, payload }])
  })
  ctx.bus.publish('facts', { ids: factIds })
}

/** jsonb refuses NUL characters. */
function withoutNul(value: Record<string, unknown>): string {
  return JSON.stringify(value).replaceAll('\\u0000', '\\ufffd')
}

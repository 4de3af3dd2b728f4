import { insertAccount } from './insert-account.ts'
import { requestCheck, type AskingContext, type CheckedApiKey } from './request-check.ts'

const OPENING_DEPOSIT_USDT = '10000'

export interface AddPaperAccount {
  readonly userId: string
  readonly label: string | undefined
  /** Quote currency the venue puts in; 10,000 unless said. */
  readonly depositUsdt: string | undefined
  readonly ip: string | null
}

/** A paper account, which a worker opens and funds at the venue. @throws AppError ACCOUNT_LIMIT */
export async function addPaperAccount({ ctx, input }: { ctx: AskingContext; input: AddPaperAccount }): Promise<CheckedApiKey> {
  const { userId, ip } = input
  return requestCheck({
    ctx,
    input: { userId, accountId: ctx.newId() },
    before: async (tx, { accountId }) =>
      insertAccount(tx, ctx, {
        id: accountId,
        userId,
        exchange: 'PAPER',
        environment: 'PAPER',
        label: input.label ?? 'Paper',
        maskedApiKey: null,
        keyFingerprint: null,
        openingDeposit: input.depositUsdt ?? OPENING_DEPOSIT_USDT,
        ip,
      }),
  })
}

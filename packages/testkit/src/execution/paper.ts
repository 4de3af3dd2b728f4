import { createBinanceExchange, createRequestBudget, type RequestLimit } from '@matic/exchange'
import { createSecret } from '@matic/platform'
import { createAccountKeys } from '@matic/services/accounts/open-keys'
import { openPaperAccounts } from '@matic/services/accounts/open-paper-accounts'
import type { PaperBank } from '@matic/services/accounts/open-paper-accounts'
import { ensureSealingKey } from '@matic/services/accounts/sealing-keys'
import type { ExecutionContext } from '@matic/services/execution/context'
import type { WorkerOptions } from './bench.ts'
import { makeAccount } from './factories.ts'
import type { TestAccount } from './factories.ts'

export const ENCRYPTION_KEY = new Uint8Array(32).fill(9)
const encryptionKey = createSecret(ENCRYPTION_KEY)

/** Everything real: stock CCXT against the venue, keys sealed and opened. @param limit of what a worker's address may ask */
export function throughVenue(venueUrl: string, limit?: RequestLimit): Pick<WorkerOptions, 'port' | 'keys'> {
  return {
    port: (clock, timings) =>
      createBinanceExchange({
        exchange: 'PAPER',
        certified: true,
        baseUrl: venueUrl,
        clock,
        requestTimeoutMs: timings.requestTimeoutMs,
        recvWindowMs: timings.recvWindowMs,
        streamSilenceMs: timings.streamSilenceMs,
        budget: limit && createRequestBudget(limit),
      }),
    keys: (db, clock) => createAccountKeys({ db, clock, encryptionKey }),
  }
}

/** A paper account opened at the venue as a worker does it. */
export async function openPaperAccount(ctx: ExecutionContext, bank: PaperBank): Promise<TestAccount> {
  await ensureSealingKey({ ...ctx, encryptionKey })
  const account = await makeAccount(ctx.db, { keyStatus: 'OPENING' })
  await openPaperAccounts({ ctx, bank })
  return account
}

import type { Secret } from '@matic/platform'
import { AppError } from '@matic/contracts'
import { SealedCredentials } from './key-binding.ts'
import type { PaperBank } from './open-paper-accounts.ts'

const TIMEOUT_MS = 5_000

/** The venue's administration over HTTP. */
export function createPaperBank({ venueUrl, adminToken }: { venueUrl: string; adminToken: Secret }): PaperBank {
  return {
    async openAccount({ ref, depositUsdt }) {
      const response = await fetch(`${venueUrl}/venue/accounts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-venue-admin': adminToken.reveal() },
        body: JSON.stringify({ ref, depositUsdt }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      if (!response.ok) throw new AppError('EXCHANGE_UNAVAILABLE', `The paper venue refused to open an account (${response.status})`)
      return SealedCredentials.parse(await response.json())
    },
  }
}

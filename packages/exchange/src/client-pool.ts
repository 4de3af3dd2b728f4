import type { AccountHandle, Credentials } from './port.ts'

/** Keyed clients, one an account; beyond the limit the one used longest ago goes. Whoever still works with it keeps it. */
export interface ClientPool<Client> {
  of(account: AccountHandle): Client
  /** The one used last. */
  latest(): Client | undefined
  all(): readonly Client[]
  forget(accountId: string): void
}

export function createClientPool<Client>(limit: number, build: (credentials: Credentials) => Client): ClientPool<Client> {
  const kept = new Map<string, { credentials: Credentials; client: Client }>()

  return {
    of({ accountId, credentials }) {
      const known = kept.get(accountId)
      const entry = known !== undefined && isSame(known.credentials, credentials) ? known : { credentials, client: build(credentials) }
      kept.delete(accountId)
      kept.set(accountId, entry)
      const oldest = kept.keys().next().value
      if (kept.size > limit && oldest !== undefined) kept.delete(oldest)
      return entry.client
    },
    latest: () => [...kept.values()].at(-1)?.client,
    all: () => [...kept.values()].map(({ client }) => client),
    forget: (accountId) => void kept.delete(accountId),
  }
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.apiKey === other.apiKey && one.secret === other.secret && one.passphrase === other.passphrase
}

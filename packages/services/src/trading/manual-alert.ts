import { BLANK_ALERT, type Alert } from '@matic/contracts'

type Spoken = Pick<Alert, 'ticker' | 'action' | 'idempotencyKey'> & Partial<Omit<Alert, 'dialect' | 'alertAtMs'>>

/** What a person at the dashboard asks for, in the form that alerts have. Quantities base, prices quote per base. */
export function manualAlert({ atMs, ...spoken }: Spoken & { readonly atMs: number }): Alert {
  return { ...BLANK_ALERT, dialect: 'manual', alertAtMs: atMs, ...spoken }
}

const WORDS: Readonly<Record<string, string>> = {
  READY: 'Waiting to be sent',
  SUBMITTING: 'On its way',
  UNKNOWN: 'Checking with the exchange',
  ACKED: 'Resting',
  PARTIAL: 'Partly filled',
  FILLED: 'Filled',
  CANCELED: 'Cancelled',
  REJECTED: 'Refused',
  EXPIRED: 'Expired',
  BLOCKED: 'Blocked',
  SUPERSEDED: 'Overtaken',
  MOOT: 'Not needed',
  DEAD: 'Given up',
  NOT_PLACED: 'Not placed',
}

export function orderStateWord(state: string): string {
  return WORDS[state] ?? state
}

export const LEDGER_WORDS = {
  TRANSFER: 'Deposit or withdrawal',
  COMMISSION: 'Fee',
  FUNDING_FEE: 'Funding',
  REALIZED_PNL: 'Realised result',
  INSURANCE_CLEAR: 'Liquidation fee',
  OTHER: 'Other',
} as const
